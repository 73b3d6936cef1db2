import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

const layers = ["service", "web", "infra-stacks", "charts"];

/** A layer may import the contract, never another layer; the contract imports none. */
function onlyDownwards(folder) {
  const others = layers.filter((layer) => layer !== folder);
  return {
    files: [`${folder}/**/*.{ts,tsx,mjs,js}`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: others.flatMap((layer) => [
                `@berth/${layer}`,
                `@berth/${layer}/*`,
                `**/${layer}/**`,
              ]),
              message: "Layers never import one another: put what they share into contract/.",
            },
            { group: ["**/contract/*"], message: "Import @berth/contract, not its files." },
          ],
          paths: [
            {
              name: "@cdktf/provider-aws",
              message:
                "The root loads every AWS resource (seconds, 900 MB): import @cdktf/provider-aws/lib/<service>.",
            },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  {
    ignores: [
      "**/node_modules/",
      "**/dist/",
      "**/coverage/",
      "**/.wireit/",
      "charts/imports/",
      "charts/manifests/",
      "cdktf.out/",
      "service/model/",
      ".berth/",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  { files: ["**/*.js", "scripts/*"], rules: { "@typescript-eslint/no-require-imports": "off" } },
  { files: ["**/*.{js,cjs}", "scripts/*"], languageOptions: { sourceType: "commonjs" } },
  // Control characters are what the cleaning and its tests are about.
  { files: ["service/**/*.ts"], rules: { "no-control-regex": "off" } },
  { files: ["web/**/*.{ts,tsx}"], ...reactHooks.configs.flat.recommended },
  {
    files: ["**/jest.config.js", "jest.preset.js", "**/*.test.{ts,tsx}"],
    languageOptions: { globals: globals.jest },
  },
  ...["contract", ...layers].map(onlyDownwards),
  prettier,
);
