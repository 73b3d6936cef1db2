/** A repository on GitHub. */
export interface GithubRepository {
  readonly owner: string;
  readonly name: string;
}

/** The repository behind an address of Git, or `undefined` where it is not on GitHub. */
export function tryGithubRepository(address: string): GithubRepository | undefined {
  const match = /^https:\/\/github\.com\/([A-Za-z0-9-]+)\/([A-Za-z0-9._-]+)\.git$/.exec(address);
  const [, owner, name] = match ?? [];
  return owner && name ? { owner, name } : undefined;
}
