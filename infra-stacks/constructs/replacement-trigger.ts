import { TerraformResource } from "cdktf";
import { Construct } from "constructs";

/**
 * Values of which any change is to replace another resource, and is shown in the plan as the reason. CDKTF has such a resource of its
 * own, `DataResource`, but that asks an installed Terraform for its version, and synthesizing must not need one.
 *
 * @see https://developer.hashicorp.com/terraform/language/resources/terraform-data
 */
export class ReplacementTrigger extends Construct {
  /** For `lifecycle.replaceTriggeredBy`: bare, since Terraform takes no `${...}` there, which is what CDKTF makes of a resource. */
  readonly reference: string;

  constructor(scope: Construct, id: string, values: Readonly<Record<string, string | number>>) {
    super(scope, id);
    const data = new TerraformResource(this, "values", { terraformResourceType: "terraform_data" });
    data.addOverride("input", values);
    this.reference = `terraform_data.${data.friendlyUniqueId}`;
  }
}
