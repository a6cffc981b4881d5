import { serve } from "../_shared/runtime.ts";
import { manageSecretsHandler } from "./handler.ts";

serve(manageSecretsHandler());
