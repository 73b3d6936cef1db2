module.exports = {
  projects: ["contract", "service", "infra-stacks", "charts", "web", "scripts"].map(
    (folder) => `<rootDir>/${folder}`,
  ),
};
