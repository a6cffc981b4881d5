import { serve } from "../_shared/runtime.ts";
import { deliverWebhooks } from "./handler.ts";

serve(deliverWebhooks());
