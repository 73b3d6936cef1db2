import { labels } from "@berth/contract";
import type { Label } from "@berth/contract";

/** Colours in the palette (`--label-0` and on, in `tokens.css`). */
export const paletteSize = 8;

/** Which palette colour a label has: its place among the model's labels, so that a new label gets one by itself. */
export const labelColor = (label: Label): number => labels.indexOf(label) % paletteSize;
