"""Lists what is in the account of the double of AWS, so that what a destroy has left is found."""



def everything(aws, regions):
    """What an account holds that it did not come with, one line each."""
    found = set(iam(aws))
    found |= {f"bucket {one['Name']}" for one in aws.client("s3").list_buckets()["Buckets"]}
    for region in regions:
        found |= {f"{region}: {one}" for one in in_region(aws, region)}
    return found


def iam(aws):
    client = aws.client("iam")
    for what, call, field, name in [
        ("user", client.list_users, "Users", "UserName"),
        ("group", client.list_groups, "Groups", "GroupName"),
        ("role", client.list_roles, "Roles", "RoleName"),
        ("instance profile", client.list_instance_profiles, "InstanceProfiles", "InstanceProfileName"),
        ("OIDC provider", client.list_open_id_connect_providers, "OpenIDConnectProviderList", "Arn"),
    ]:
        for one in call()[field]:
            yield f"{what} {one[name]}"
    for one in client.list_policies(Scope="Local")["Policies"]:
        yield f"policy {one['PolicyName']}"


def in_region(aws, region):
    yield from ec2(aws.client("ec2", region))
    for what, service, call, field, name in [
        ("log group", "logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("table", "dynamodb", "list_tables", "TableNames", None),
        ("queue", "sqs", "list_queues", "QueueUrls", None),
        ("topic", "sns", "list_topics", "Topics", "TopicArn"),
        ("alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        ("event rule", "events", "list_rules", "Rules", "Name"),
        ("cluster", "eks", "list_clusters", "clusters", None),
        ("secret", "secretsmanager", "list_secrets", "SecretList", "Name"),
        ("parameter", "ssm", "describe_parameters", "Parameters", "Name"),
    ]:
        for one in getattr(aws.client(service, region), call)().get(field, []):
            yield f"{what} {one[name] if name else one}"
    yield from kms(aws.client("kms", region))


def kms(client):
    aliases = client.list_aliases()["Aliases"]
    # AWS' own, one a service, which come with the account.
    given = {one.get("TargetKeyId") for one in aliases if one["AliasName"].startswith("alias/aws/")}
    for one in client.list_keys()["Keys"]:
        state = client.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"]
        # AWS deletes a key after days only. What waits for that costs nothing and holds nothing open.
        if state != "PendingDeletion" and one["KeyId"] not in given:
            yield f"key {one['KeyId']}"
    for one in aliases:
        if not one["AliasName"].startswith("alias/aws/"):
            yield f"key alias {one['AliasName']}"


def ec2(client):
    ended = ("deleted", "deleting", "terminated", "shutting-down")
    for what, call, field, name in [
        ("VPC", client.describe_vpcs, "Vpcs", "VpcId"),
        ("subnet", client.describe_subnets, "Subnets", "SubnetId"),
        ("internet gateway", client.describe_internet_gateways, "InternetGateways", "InternetGatewayId"),
        ("NAT gateway", client.describe_nat_gateways, "NatGateways", "NatGatewayId"),
        ("route table", client.describe_route_tables, "RouteTables", "RouteTableId"),
        ("security group", client.describe_security_groups, "SecurityGroups", "GroupId"),
        ("address", client.describe_addresses, "Addresses", "AllocationId"),
        ("VPC endpoint", client.describe_vpc_endpoints, "VpcEndpoints", "VpcEndpointId"),
        ("flow log", client.describe_flow_logs, "FlowLogs", "FlowLogId"),
        ("volume", client.describe_volumes, "Volumes", "VolumeId"),
        ("launch template", client.describe_launch_templates, "LaunchTemplates", "LaunchTemplateId"),
    ]:
        for one in call()[field]:
            if one.get("State") not in ended:
                yield f"{what} {one[name]}"
    gone = set()
    for reservation in client.describe_instances()["Reservations"]:
        for one in reservation["Instances"]:
            if one["State"]["Name"] in ended:
                gone.add(one["InstanceId"])
            else:
                yield f"instance {one['InstanceId']}"
    # The double keeps the interface of an instance or a NAT gateway that is gone, which AWS deletes with it.
    orphans = {
        address["NetworkInterfaceId"]
        for gateway in client.describe_nat_gateways()["NatGateways"]
        if gateway["State"] in ended
        for address in gateway["NatGatewayAddresses"]
    }
    for one in client.describe_network_interfaces()["NetworkInterfaces"]:
        attached = one.get("Attachment", {}).get("InstanceId")
        if attached not in gone and one["NetworkInterfaceId"] not in orphans:
            yield f"network interface {one['NetworkInterfaceId']}"
    for one in client.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        yield f"snapshot {one['SnapshotId']}"
