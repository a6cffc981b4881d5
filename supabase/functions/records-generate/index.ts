import { serve } from "../_shared/runtime.ts";
import { recordsGenerateHandler } from "./handler.ts";

serve(recordsGenerateHandler());
