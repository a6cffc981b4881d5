import { serve } from "../_shared/runtime.ts";
import { superadminClientsHandler } from "./handler.ts";

serve(superadminClientsHandler());
