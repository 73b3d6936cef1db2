/** What every jest project shares: TypeScript through swc, the contract from its source, no watch over time. */
const swc = [
  "@swc/jest",
  {
    jsc: {
      target: "es2023",
      parser: { syntax: "typescript", tsx: true },
      transform: { react: { runtime: "automatic" } },
    },
  },
];

module.exports = {
  testEnvironment: "node",
  testMatch: ["<rootDir>/{test,checks}/**/*.test.ts?(x)"],
  // ES modules of packages are compiled too, since jest runs CommonJS.
  transform: { "\\.[cm]?[jt]sx?$": swc },
  transformIgnorePatterns: [
    "/node_modules/(?!(htmlparser2|domhandler|domutils|domelementtype|dom-serializer|entities|uuid|p-limit|p-map|yocto-queue)/)",
  ],
};
