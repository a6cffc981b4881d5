import { serve } from "../_shared/runtime.ts";
import { recordsInsertHandler } from "./handler.ts";

serve(recordsInsertHandler());
