import { z } from "zod";
import { modelFiles } from "./model-artifact";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");
const share = z.number().min(0).max(1);
const tokenId = z.int().nonnegative();
const segment = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, "must be one lower-case path segment");

const file = z.strictObject({
  sha256,
  /** Size in bytes. */
  bytes: z.int().positive(),
});

const figures = z.object({
  accuracy: share,
  macroF1: share,
  /** Expected calibration error after temperature scaling. */
  ece: share,
});

const distribution = z
  .object({
    /** Bin edges, ascending; one more than there are bins. */
    edges: z.array(z.number()).min(2),
    /** Share of the rows in each bin; they sum to 1. */
    shares: z.array(share).min(1),
  })
  .refine((d) => d.edges.length === d.shares.length + 1, "needs one more edge than shares");

/** An input whose answer is known, checked before the service says that it is ready. */
export const goldenInput = z.object({
  /** The raw text, before cleaning. */
  text: z.string().min(1),
  label: z.string(),
  /** Probability of each label, after temperature, at batch 1. */
  scores: z.record(z.string(), share),
});

/**
 * A model version's identity card, `manifest.json`.
 *
 * Extra fields are kept out of the parsed value; missing or wrong ones are refused.
 */
export const modelManifest = z
  .object({
    schemaVersion: z.literal(1),
    name: segment,
    version: z.string().regex(/^\d+\.\d+\.\d+$/, "must be a semantic version: 1.0.0"),
    createdAt: z.iso.datetime({ offset: true }),
    task: z.literal("text-classification"),
    architecture: z.string(),
    /** Label of each logit, in order. */
    labels: z.array(z.string().min(1)).min(2),
    /** Longest input in tokens, special tokens included. */
    maxTokens: z.int().min(8).max(8192),
    /** The graph's inputs, int64 `[batch, sequence]`. */
    inputs: z.array(z.enum(["input_ids", "attention_mask", "token_type_ids"])).min(2),
    /** The graph's output, float32 `[batch, labels]`. */
    output: z.string(),
    /** Ids of the special tokens. */
    tokens: z.object({ cls: tokenId, sep: tokenId, pad: tokenId, unk: tokenId }),
    /** Version of the cleaning that the training texts went through. The service must clean the same way. */
    cleaningVersion: z.string(),
    /** Calibration: probabilities are `softmax(logits / temperature)`. */
    temperature: z.number().positive(),
    /** Confidence below which an answer counts as unsure. */
    unsureBelow: share,
    files: z.strictObject(
      Object.fromEntries(modelFiles.map((name) => [name, file])) as Record<
        (typeof modelFiles)[number],
        typeof file
      >,
    ),
    golden: z.array(goldenInput).min(1),
    /** Largest accepted difference of a golden score. */
    goldenTolerance: z.number().positive().max(0.1),
    evaluation: figures.extend({
      dataset: z.string(),
      rows: z.int().positive(),
      fp32: figures,
      perLabel: z.record(
        z.string(),
        z.object({ precision: share, recall: share, f1: share, support: z.int() }),
      ),
    }),
    training: z.looseObject({
      base: z.string(),
      dataset: z.string(),
      rows: z.int().positive(),
      terms: z.string(),
    }),
    licence: z.string(),
    /** What drift is measured against. */
    baseline: z.object({
      rows: z.int().positive(),
      labels: z.record(z.string(), share),
      confidence: distribution,
      tokens: distribution,
      unknownTokenShare: share,
    }),
  })
  .superRefine((manifest, context) => {
    const known = new Set(manifest.labels);
    if (known.size !== manifest.labels.length)
      context.addIssue({ code: "custom", path: ["labels"], message: "names a label twice" });
    manifest.golden.forEach((golden, i) => {
      const scored = Object.keys(golden.scores);
      if (scored.length !== known.size || scored.some((label) => !known.has(label)))
        context.addIssue({
          code: "custom",
          path: ["golden", i, "scores"],
          message: "must score exactly the model's labels",
        });
    });
  });

/** A parsed `manifest.json`. */
export type ModelManifest = z.infer<typeof modelManifest>;
