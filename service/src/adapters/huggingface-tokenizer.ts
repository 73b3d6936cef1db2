import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelManifest } from "@berth/contract";
import { Tokenizer as NativeTokenizer } from "tokenizers";
import { ModelRefusedError } from "../ports/model-registry";
import type { TokenizedText, Tokenizer } from "../ports/tokenizer";

/** Hugging Face's own tokenizer, with the model's tokenizer.json. It encodes on a thread of its own. */
export class HuggingFaceTokenizer implements Tokenizer {
  private constructor(
    private readonly native: NativeTokenizer,
    private readonly maxTokens: number,
    private readonly separator: number,
  ) {}

  /**
   * @param folder of a verified model version
   * @throws {ModelRefusedError} if the bytes that it loads are not those that were verified
   */
  static async load(folder: string, manifest: ModelManifest): Promise<HuggingFaceTokenizer> {
    const file = "tokenizer.json";
    const bytes = await readFile(join(folder, file));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const expected = manifest.files[file].sha256;
    if (sha256 !== expected)
      throw new ModelRefusedError(
        `${file} changed after it was verified: it has sha256 ${sha256}, expected ${expected}`,
      );
    const native = NativeTokenizer.fromString(bytes.toString("utf8"));
    // Cutting and padding are this service's: it reports what was cut, and pads a batch at a time.
    native.disableTruncation();
    native.disablePadding();
    return new HuggingFaceTokenizer(native, manifest.maxTokens, manifest.tokens.sep);
  }

  async encode(text: string): Promise<TokenizedText> {
    const all = (await this.native.encode(text)).getIds();
    if (all.length <= this.maxTokens) return { ids: Int32Array.from(all), total: all.length };
    const ids = Int32Array.from(all.slice(0, this.maxTokens));
    ids[this.maxTokens - 1] = this.separator;
    return { ids, total: all.length };
  }
}
