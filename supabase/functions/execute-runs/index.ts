import { serve } from "../_shared/runtime.ts";
import { executeRuns } from "./handler.ts";

serve(executeRuns());
