import { worker } from "workerpool";
import { yieldToRequests } from "./adapters/yield-to-requests";
import { cleanAndCut } from "./domain/clean-and-cut";

// The thread of ThreadedTextCleaner.

yieldToRequests();
worker({ cleanAndCut });
