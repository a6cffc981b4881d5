import { serve } from "../_shared/runtime.ts";
import { recordsProgressHandler } from "./handler.ts";

serve(recordsProgressHandler());
