/** Text of each manifest, by its path below the output folder, with forward slashes. */
export type Manifests = ReadonlyMap<string, string>;

/** First line of every manifest. Only files that begin with it are ever overwritten or removed. */
export const header = "# Synthesized from charts/ by `npm run synth`. Do not edit.\n";
