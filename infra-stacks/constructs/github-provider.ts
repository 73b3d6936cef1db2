import { DataAwsIamOpenidConnectProvider } from "@cdktf/provider-aws/lib/data-aws-iam-openid-connect-provider";
import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import { Construct } from "constructs";

/** Who vouches for a workflow. */
export const githubIssuer = "token.actions.githubusercontent.com";

/** Whom the workflow's token must be made out to. */
export const githubAudience = "sts.amazonaws.com";

export interface GithubProviderProps {
  /** Make the provider, or find the one that the account already has: there is one for all of its environments. */
  readonly oidcProvider: "create" | "existing";
}

/**
 * Lets the account believe what GitHub says about a workflow, so that no access key has to be kept there.
 *
 * @see https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
 */
export class GithubProvider extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: GithubProviderProps) {
    super(scope, id);
    const url = `https://${githubIssuer}`;
    this.arn =
      props.oidcProvider === "create"
        ? new IamOpenidConnectProvider(this, "provider", { url, clientIdList: [githubAudience] })
            .arn
        : new DataAwsIamOpenidConnectProvider(this, "provider", { url }).arn;
  }
}
