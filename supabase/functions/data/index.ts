import { serve } from "../_shared/runtime.ts";
import { dataHandler } from "./handler.ts";

serve(dataHandler());
