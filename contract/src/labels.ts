import { servedModel } from "./served-model";

/** The labels of the served model, in the order of its logits. */
export const labels = servedModel.labels;

/** One label of the served model. A label that the model does not have does not compile. */
export type Label = (typeof labels)[number];
