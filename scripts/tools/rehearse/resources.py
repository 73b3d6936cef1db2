"""Makes each type of resource through AWS' own API, as its Terraform arguments say.

A builder is a generator: it makes the resource, yields what AWS answers (the attributes that others refer to), and undoes it.
"""

import json

from policy import blocks, check_bucket_policy, check_trust, document

BUILDERS = {}
DATA = {}

# Types that the double of AWS does not know: what they refer to is resolved, and nothing is made.
ABSENT = {
    "aws_dlm_lifecycle_policy",
    "aws_eks_access_entry",
    "aws_eks_access_policy_association",
    "aws_eks_addon",
    "aws_eks_pod_identity_association",
}


def builds(kind):
    def register(function):
        BUILDERS[kind] = function
        return function

    return register


def reads(kind):
    def register(function):
        DATA[kind] = function
        return function

    return register


def one(args, name):
    """A nested block that occurs at most once."""
    found = blocks(args.get(name))
    return found[0] if found else {}


def tags(args, kind=None):
    """Tags as most services take them; with a kind, as EC2 does at creation."""
    pairs = [{"Key": key, "Value": value} for key, value in (args.get("tags") or {}).items()]
    if kind is None:
        return pairs
    return [{"ResourceType": kind, "Tags": pairs}] if pairs else []


def given(**values):
    """Only the arguments that are set: AWS takes no null."""
    return {key: value for key, value in values.items() if value not in (None, [], {})}


# --- S3


@builds("aws_s3_bucket")
def bucket(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    place = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    s3.create_bucket(Bucket=name, **place)
    yield {
        **args,
        "id": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucket_domain_name": f"{name}.s3.amazonaws.com",
        "bucket_regional_domain_name": f"{name}.s3.{aws.region}.amazonaws.com",
        "region": aws.region,
    }
    s3.delete_bucket(Bucket=name)


@builds("aws_s3_bucket_public_access_block")
def public_access_block(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    wanted = {
        "BlockPublicAcls": args.get("block_public_acls", False),
        "BlockPublicPolicy": args.get("block_public_policy", False),
        "IgnorePublicAcls": args.get("ignore_public_acls", False),
        "RestrictPublicBuckets": args.get("restrict_public_buckets", False),
    }
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=wanted)
    found = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    aws.expect(f"public access of {name}", found, wanted)
    yield {**args, "id": name}
    s3.delete_public_access_block(Bucket=name)


@builds("aws_s3_bucket_ownership_controls")
def ownership(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    wanted = [{"ObjectOwnership": one(args, "rule")["object_ownership"]}]
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": wanted})
    aws.expect(f"owner of {name}", s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"], wanted)
    yield {**args, "id": name}
    s3.delete_bucket_ownership_controls(Bucket=name)


@builds("aws_s3_bucket_versioning")
def versioning(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    status = one(args, "versioning_configuration")["status"]
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
    aws.expect(f"versioning of {name}", s3.get_bucket_versioning(Bucket=name).get("Status"), status)
    yield {**args, "id": name}
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})


@builds("aws_s3_bucket_server_side_encryption_configuration")
def encryption(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    rules = []
    for rule in blocks(args["rule"]):
        default = one(rule, "apply_server_side_encryption_by_default")
        rules.append(
            given(
                ApplyServerSideEncryptionByDefault=given(
                    SSEAlgorithm=default["sse_algorithm"], KMSMasterKeyID=default.get("kms_master_key_id")
                ),
                BucketKeyEnabled=rule.get("bucket_key_enabled"),
            )
        )
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    yield {**args, "id": name}
    s3.delete_bucket_encryption(Bucket=name)


@builds("aws_s3_bucket_lifecycle_configuration")
def lifecycle(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    rules = []
    for rule in blocks(args["rule"]):
        found = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": one(rule, "filter").get("prefix", "")}}
        if rule.get("abort_incomplete_multipart_upload"):
            days = one(rule, "abort_incomplete_multipart_upload")["days_after_initiation"]
            found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
        if rule.get("noncurrent_version_expiration"):
            days = one(rule, "noncurrent_version_expiration")["noncurrent_days"]
            found["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
        if rule.get("expiration"):
            expiration = one(rule, "expiration")
            found["Expiration"] = given(
                Days=expiration.get("days"),
                ExpiredObjectDeleteMarker=expiration.get("expired_object_delete_marker"),
            )
        rules.append(found)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    read = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    aws.expect(f"lifecycle of {name}", sorted(rule["ID"] for rule in read), sorted(rule["ID"] for rule in rules))
    yield {**args, "id": name}
    s3.delete_bucket_lifecycle(Bucket=name)


@builds("aws_s3_bucket_policy")
def bucket_policy(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    check_bucket_policy(name, args["policy"])
    s3.put_bucket_policy(Bucket=name, Policy=args["policy"])
    aws.expect(f"policy of {name}", json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]), json.loads(args["policy"]))
    # The double reads no conditions: as it stands, a policy that denies what comes without TLS would deny everything.
    s3.delete_bucket_policy(Bucket=name)
    yield {**args, "id": name}


@builds("aws_s3_bucket_replication_configuration")
def replication(aws, args):
    s3, name = aws.client("s3"), args["bucket"]
    rules = []
    for number, rule in enumerate(blocks(args["rule"])):
        destination = one(rule, "destination")
        rules.append(
            {
                "ID": rule["id"],
                "Priority": rule.get("priority", number),
                "Status": rule["status"],
                "Filter": {"Prefix": one(rule, "filter").get("prefix", "")},
                "Destination": given(Bucket=destination["bucket"], StorageClass=destination.get("storage_class")),
                "DeleteMarkerReplication": {"Status": one(rule, "delete_marker_replication").get("status", "Disabled")},
            }
        )
    s3.put_bucket_replication(Bucket=name, ReplicationConfiguration={"Role": args["role"], "Rules": rules})
    yield {**args, "id": name}
    s3.delete_bucket_replication(Bucket=name)


# --- IAM


@reads("aws_iam_policy_document")
def policy_document(_aws, args):
    return {"json": document(args)}


@reads("aws_iam_role")
def existing_role(aws, args):
    # It has to exist before anything is deployed.
    name = args["name"]
    return {"arn": f"arn:aws:iam::{aws.account}:role/{name}", "id": name, "name": name}


@reads("aws_iam_openid_connect_provider")
def existing_provider(aws, args):
    # Another environment of the account has made it.
    return {"arn": f"arn:aws:iam::{aws.account}:oidc-provider/{args['url'].removeprefix('https://')}"}


@builds("aws_iam_openid_connect_provider")
def oidc_provider(aws, args):
    iam = aws.client("iam")
    arn = iam.create_open_id_connect_provider(
        **given(Url=args["url"], ClientIDList=args["client_id_list"], ThumbprintList=args.get("thumbprint_list") or ["0" * 40])
    )["OpenIDConnectProviderArn"]
    yield {**args, "arn": arn, "id": arn}
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@builds("aws_iam_role")
def role(aws, args):
    iam, name = aws.client("iam"), args["name"]
    check_trust(name, args["assume_role_policy"])
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=args["assume_role_policy"],
        **given(
            Path=args.get("path"),
            Description=args.get("description"),
            MaxSessionDuration=args.get("max_session_duration"),
            PermissionsBoundary=args.get("permissions_boundary"),
            Tags=tags(args),
        ),
    )["Role"]
    aws.expect(f"trust of {name}", made["AssumeRolePolicyDocument"], json.loads(args["assume_role_policy"]))
    yield {**args, "id": name, "arn": made["Arn"], "unique_id": made["RoleId"]}
    iam.delete_role(RoleName=name)


@builds("aws_iam_role_policy")
def role_policy(aws, args):
    iam, name = aws.client("iam"), args["name"]
    iam.put_role_policy(RoleName=args["role"], PolicyName=name, PolicyDocument=args["policy"])
    aws.check_role_policies(iam, args["role"])
    yield {**args, "id": f"{args['role']}:{name}"}
    iam.delete_role_policy(RoleName=args["role"], PolicyName=name)


@builds("aws_iam_policy")
def policy(aws, args):
    iam = aws.client("iam")
    made = iam.create_policy(PolicyName=args["name"], PolicyDocument=args["policy"])["Policy"]
    yield {**args, "arn": made["Arn"], "id": made["Arn"]}
    iam.delete_policy(PolicyArn=made["Arn"])


@builds("aws_iam_role_policy_attachment")
def role_policy_attachment(aws, args):
    iam, arn = aws.client("iam"), args["policy_arn"]
    if arn.startswith("arn:aws:iam::aws:policy/"):
        # Refuses a managed policy that AWS does not have.
        iam.get_policy(PolicyArn=arn)
    iam.attach_role_policy(RoleName=args["role"], PolicyArn=arn)
    yield {**args, "id": f"{args['role']}-{arn}"}
    iam.detach_role_policy(RoleName=args["role"], PolicyArn=arn)


@builds("aws_iam_instance_profile")
def instance_profile(aws, args):
    iam, name = aws.client("iam"), args["name"]
    made = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=args["role"])
    yield {**args, "id": name, "arn": made["Arn"]}
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=args["role"])
    iam.delete_instance_profile(InstanceProfileName=name)


# --- Who and where


@reads("aws_caller_identity")
def caller_identity(aws, _args):
    return {"account_id": aws.account, "arn": f"arn:aws:iam::{aws.account}:role/rehearsal"}


@reads("aws_partition")
def partition(_aws, _args):
    return {"partition": "aws", "dns_suffix": "amazonaws.com"}


@reads("aws_region")
def region(aws, _args):
    return {"region": aws.region, "name": aws.region, "id": aws.region}


# --- VPC


@builds("aws_vpc")
def vpc(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_vpc(CidrBlock=args["cidr_block"], TagSpecifications=tags(args, "vpc"))["Vpc"]
    identity = made["VpcId"]
    for attribute, value in [
        ("EnableDnsSupport", args.get("enable_dns_support")),
        ("EnableDnsHostnames", args.get("enable_dns_hostnames")),
    ]:
        if value is not None:
            ec2.modify_vpc_attribute(VpcId=identity, **{attribute: {"Value": value}})
    group = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [identity]}])["SecurityGroups"][0]
    yield {
        **args,
        "id": identity,
        "arn": f"arn:aws:ec2:{aws.region}:{aws.account}:vpc/{identity}",
        "default_security_group_id": group["GroupId"],
    }
    ec2.delete_vpc(VpcId=identity)


@builds("aws_default_security_group")
def default_security_group(aws, args):
    ec2 = aws.client("ec2")
    filters = [{"Name": "vpc-id", "Values": [args["vpc_id"]]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    yield {**args, "id": group["GroupId"]}


@builds("aws_subnet")
def subnet(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_subnet(
        VpcId=args["vpc_id"],
        CidrBlock=args["cidr_block"],
        AvailabilityZone=args["availability_zone"],
        TagSpecifications=tags(args, "subnet"),
    )["Subnet"]
    yield {**args, "id": made["SubnetId"], "arn": made["SubnetArn"]}
    ec2.delete_subnet(SubnetId=made["SubnetId"])


@builds("aws_ec2_tag")
def ec2_tag(aws, args):
    ec2, pair = aws.client("ec2"), [{"Key": args["key"], "Value": args["value"]}]
    ec2.create_tags(Resources=[args["resource_id"]], Tags=pair)
    yield {**args, "id": f"{args['resource_id']},{args['key']}"}
    ec2.delete_tags(Resources=[args["resource_id"]], Tags=pair)


@builds("aws_internet_gateway")
def internet_gateway(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_internet_gateway(TagSpecifications=tags(args, "internet-gateway"))["InternetGateway"]
    identity = made["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=args["vpc_id"])
    yield {**args, "id": identity}
    ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=args["vpc_id"])
    ec2.delete_internet_gateway(InternetGatewayId=identity)


@builds("aws_route_table")
def route_table(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_route_table(VpcId=args["vpc_id"], TagSpecifications=tags(args, "route-table"))["RouteTable"]
    yield {**args, "id": made["RouteTableId"]}
    ec2.delete_route_table(RouteTableId=made["RouteTableId"])


@builds("aws_route")
def route(aws, args):
    ec2, table, block = aws.client("ec2"), args["route_table_id"], args["destination_cidr_block"]
    ec2.create_route(
        RouteTableId=table,
        DestinationCidrBlock=block,
        **given(GatewayId=args.get("gateway_id"), NatGatewayId=args.get("nat_gateway_id")),
    )
    yield {**args, "id": f"{table}{block}"}
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=block)


@builds("aws_route_table_association")
def route_table_association(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.associate_route_table(RouteTableId=args["route_table_id"], SubnetId=args["subnet_id"])
    yield {**args, "id": made["AssociationId"]}
    ec2.disassociate_route_table(AssociationId=made["AssociationId"])


@builds("aws_vpc_endpoint")
def vpc_endpoint(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_vpc_endpoint(
        VpcId=args["vpc_id"],
        ServiceName=args["service_name"],
        VpcEndpointType=args.get("vpc_endpoint_type", "Gateway"),
        **given(
            RouteTableIds=args.get("route_table_ids"),
            SubnetIds=args.get("subnet_ids"),
            SecurityGroupIds=args.get("security_group_ids"),
            PolicyDocument=args.get("policy"),
            TagSpecifications=tags(args, "vpc-endpoint"),
        ),
    )["VpcEndpoint"]
    yield {**args, "id": made["VpcEndpointId"]}
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])


@builds("aws_flow_log")
def flow_log(aws, args):
    ec2 = aws.client("ec2")
    answer = ec2.create_flow_logs(
        ResourceIds=[args["vpc_id"]],
        ResourceType="VPC",
        TrafficType=args["traffic_type"],
        LogDestinationType=args.get("log_destination_type", "cloud-watch-logs"),
        **given(
            LogGroupName=args.get("log_destination", "").rsplit(":", 1)[-1],
            DeliverLogsPermissionArn=args.get("iam_role_arn"),
            MaxAggregationInterval=args.get("max_aggregation_interval"),
        ),
    )
    if answer.get("Unsuccessful"):
        raise RuntimeError(f"flow log: {answer['Unsuccessful'][0]['Error']['Message']}")
    yield {**args, "id": answer["FlowLogIds"][0]}
    ec2.delete_flow_logs(FlowLogIds=answer["FlowLogIds"])


@builds("aws_eip")
def address(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.allocate_address(Domain=args["domain"], TagSpecifications=tags(args, "elastic-ip"))
    yield {**args, "id": made["AllocationId"], "allocation_id": made["AllocationId"], "public_ip": made["PublicIp"]}
    ec2.release_address(AllocationId=made["AllocationId"])


@builds("aws_eip_association")
def address_association(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.associate_address(AllocationId=args["allocation_id"], InstanceId=args["instance_id"])
    yield {**args, "id": made["AssociationId"]}
    ec2.disassociate_address(AssociationId=made["AssociationId"])


@builds("aws_nat_gateway")
def nat_gateway(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_nat_gateway(
        AllocationId=args["allocation_id"],
        SubnetId=args["subnet_id"],
        TagSpecifications=tags(args, "natgateway"),
    )["NatGateway"]
    yield {**args, "id": made["NatGatewayId"]}
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])


@builds("aws_security_group")
def security_group(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_security_group(
        GroupName=args["name"],
        Description=args.get("description", "Managed by Terraform"),
        VpcId=args["vpc_id"],
        TagSpecifications=tags(args, "security-group"),
    )
    identity = made["GroupId"]
    # Terraform takes away what AWS lets out of a new group.
    found = ec2.describe_security_groups(GroupIds=[identity])["SecurityGroups"][0]["IpPermissionsEgress"]
    if found:
        ec2.revoke_security_group_egress(GroupId=identity, IpPermissions=found)
    yield {**args, "id": identity, "arn": f"arn:aws:ec2:{aws.region}:{aws.account}:security-group/{identity}"}
    ec2.delete_security_group(GroupId=identity)


def permission(args):
    described = given(Description=args.get("description"))
    result = given(IpProtocol=str(args["ip_protocol"]), FromPort=args.get("from_port"), ToPort=args.get("to_port"))
    if args.get("cidr_ipv4"):
        result["IpRanges"] = [{"CidrIp": args["cidr_ipv4"], **described}]
    if args.get("cidr_ipv6"):
        result["Ipv6Ranges"] = [{"CidrIpv6": args["cidr_ipv6"], **described}]
    if args.get("referenced_security_group_id"):
        result["UserIdGroupPairs"] = [{"GroupId": args["referenced_security_group_id"], **described}]
    return [result]


@builds("aws_vpc_security_group_ingress_rule")
def ingress(aws, args):
    ec2, group, rule = aws.client("ec2"), args["security_group_id"], permission(args)
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    yield {**args}
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)


@builds("aws_vpc_security_group_egress_rule")
def egress(aws, args):
    ec2, group, rule = aws.client("ec2"), args["security_group_id"], permission(args)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rule)
    yield {**args}
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=rule)


# --- EC2


@reads("aws_ami")
def image(aws, args):
    # Whatever is looked for: the double has no images of Debian or of this account.
    return {"id": aws.any_image(), "root_device_name": "/dev/xvda", "architecture": "x86_64"}


def block_device(name, args):
    return {
        "DeviceName": name,
        "Ebs": given(
            VolumeType=args.get("volume_type"),
            VolumeSize=args.get("volume_size"),
            Encrypted=args.get("encrypted"),
            KmsKeyId=args.get("kms_key_id"),
            DeleteOnTermination=args.get("delete_on_termination"),
        ),
    }


def metadata(args):
    options = one(args, "metadata_options")
    return given(
        HttpEndpoint=options.get("http_endpoint"),
        HttpTokens=options.get("http_tokens"),
        HttpPutResponseHopLimit=options.get("http_put_response_hop_limit"),
        InstanceMetadataTags=options.get("instance_metadata_tags"),
    )


@builds("aws_instance")
def instance(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.run_instances(
        MinCount=1,
        MaxCount=1,
        ImageId=args["ami"],
        InstanceType=args["instance_type"],
        SubnetId=args["subnet_id"],
        SecurityGroupIds=args["vpc_security_group_ids"],
        IamInstanceProfile={"Name": args["iam_instance_profile"]},
        BlockDeviceMappings=[block_device("/dev/xvda", one(args, "root_block_device"))],
        **given(MetadataOptions=metadata(args), UserData=args.get("user_data"), TagSpecifications=tags(args, "instance")),
    )["Instances"][0]
    identity = made["InstanceId"]
    yield {
        **args,
        "id": identity,
        "arn": f"arn:aws:ec2:{aws.region}:{aws.account}:instance/{identity}",
        "private_ip": made.get("PrivateIpAddress"),
    }
    ec2.terminate_instances(InstanceIds=[identity])


@builds("aws_ebs_volume")
def volume(aws, args):
    ec2 = aws.client("ec2")
    made = ec2.create_volume(
        AvailabilityZone=args["availability_zone"],
        Size=args["size"],
        VolumeType=args.get("type", "gp2"),
        Encrypted=args.get("encrypted", False),
        TagSpecifications=tags(args, "volume"),
    )
    identity = made["VolumeId"]
    aws.expect(f"encryption of {identity}", made["Encrypted"], args.get("encrypted", False))
    yield {**args, "id": identity, "arn": f"arn:aws:ec2:{aws.region}:{aws.account}:volume/{identity}"}
    ec2.delete_volume(VolumeId=identity)


@builds("aws_volume_attachment")
def volume_attachment(aws, args):
    ec2 = aws.client("ec2")
    ec2.attach_volume(Device=args["device_name"], InstanceId=args["instance_id"], VolumeId=args["volume_id"])
    yield {**args}
    ec2.detach_volume(Device=args["device_name"], InstanceId=args["instance_id"], VolumeId=args["volume_id"])


@builds("aws_launch_template")
def launch_template(aws, args):
    ec2 = aws.client("ec2")
    # The provider takes what is true or false as a text here.
    flags = {"true": True, "false": False}
    devices = [
        block_device(device["device_name"], {key: flags.get(value, value) for key, value in one(device, "ebs").items()})
        for device in blocks(args.get("block_device_mappings"))
    ]
    data = given(MetadataOptions=metadata(args), BlockDeviceMappings=devices, InstanceType=args.get("instance_type"))
    made = ec2.create_launch_template(LaunchTemplateName=args["name"], LaunchTemplateData=data)["LaunchTemplate"]
    version = made["LatestVersionNumber"]
    yield {**args, "id": made["LaunchTemplateId"], "latest_version": version, "default_version": version}
    ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])


# --- Keys, logs, alarms, events, queues, tables


@builds("aws_kms_key")
def key(aws, args):
    kms = aws.client("kms")
    made = kms.create_key(**given(Description=args.get("description"), Policy=args.get("policy")))["KeyMetadata"]
    identity = made["KeyId"]
    if args.get("enable_key_rotation"):
        kms.enable_key_rotation(KeyId=identity)
    aws.expect(
        f"rotation of {identity}",
        kms.get_key_rotation_status(KeyId=identity)["KeyRotationEnabled"],
        bool(args.get("enable_key_rotation")),
    )
    yield {**args, "id": identity, "key_id": identity, "arn": made["Arn"]}
    kms.schedule_key_deletion(KeyId=identity, PendingWindowInDays=args.get("deletion_window_in_days", 30))


@builds("aws_kms_alias")
def key_alias(aws, args):
    kms = aws.client("kms")
    kms.create_alias(AliasName=args["name"], TargetKeyId=args["target_key_id"])
    yield {**args, "id": args["name"]}
    kms.delete_alias(AliasName=args["name"])


@builds("aws_cloudwatch_log_group")
def log_group(aws, args):
    logs, name = aws.client("logs"), args["name"]
    logs.create_log_group(logGroupName=name)
    if args.get("retention_in_days"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=args["retention_in_days"])
    yield {**args, "id": name, "arn": f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{name}"}
    logs.delete_log_group(logGroupName=name)


@builds("aws_cloudwatch_metric_alarm")
def alarm(aws, args):
    cloudwatch, name = aws.client("cloudwatch"), args["alarm_name"]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        ComparisonOperator=args["comparison_operator"],
        EvaluationPeriods=args["evaluation_periods"],
        Dimensions=[{"Name": key, "Value": value} for key, value in (args.get("dimensions") or {}).items()],
        **given(
            Namespace=args.get("namespace"),
            MetricName=args.get("metric_name"),
            Statistic=args.get("statistic"),
            Period=args.get("period"),
            Threshold=args.get("threshold"),
            AlarmActions=args.get("alarm_actions"),
            AlarmDescription=args.get("alarm_description"),
        ),
    )
    yield {**args, "id": name, "arn": f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}"}
    cloudwatch.delete_alarms(AlarmNames=[name])


@builds("aws_cloudwatch_event_rule")
def event_rule(aws, args):
    events, name = aws.client("events"), args["name"]
    pattern = given(EventPattern=args.get("event_pattern"), ScheduleExpression=args.get("schedule_expression"))
    arn = events.put_rule(Name=name, **pattern)["RuleArn"]
    yield {**args, "id": name, "arn": arn}
    events.delete_rule(Name=name)


@builds("aws_cloudwatch_event_target")
def event_target(aws, args):
    events, rule, identity = aws.client("events"), args["rule"], args.get("target_id", "target")
    events.put_targets(Rule=rule, Targets=[{"Id": identity, "Arn": args["arn"]}])
    yield {**args}
    events.remove_targets(Rule=rule, Ids=[identity])


@builds("aws_sqs_queue")
def queue(aws, args):
    sqs, name = aws.client("sqs"), args["name"]
    attributes = given(
        MessageRetentionPeriod=args.get("message_retention_seconds"),
        SqsManagedSseEnabled=args.get("sqs_managed_sse_enabled"),
        KmsMasterKeyId=args.get("kms_master_key_id"),
    )
    url = sqs.create_queue(QueueName=name, Attributes={key: str(value) for key, value in attributes.items()})["QueueUrl"]
    yield {**args, "id": url, "url": url, "arn": f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"}
    sqs.delete_queue(QueueUrl=url)


@builds("aws_sqs_queue_policy")
def queue_policy(aws, args):
    sqs = aws.client("sqs")
    sqs.set_queue_attributes(QueueUrl=args["queue_url"], Attributes={"Policy": args["policy"]})
    yield {**args, "id": args["queue_url"]}
    sqs.set_queue_attributes(QueueUrl=args["queue_url"], Attributes={"Policy": ""})


@builds("aws_dynamodb_table")
def table(aws, args):
    dynamodb, name = aws.client("dynamodb"), args["name"]
    made = dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": one["name"], "AttributeType": one["type"]} for one in blocks(args["attribute"])
        ],
        KeySchema=[{"AttributeName": args["hash_key"], "KeyType": "HASH"}],
        BillingMode=args.get("billing_mode", "PROVISIONED"),
        DeletionProtectionEnabled=args.get("deletion_protection_enabled", False),
    )["TableDescription"]
    if one(args, "point_in_time_recovery").get("enabled"):
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    yield {**args, "id": name, "arn": made["TableArn"]}
    # By hand, as it is protected on purpose.
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)


# --- EKS


@reads("aws_eks_addon_version")
def addon_version(_aws, args):
    return {"version": "v1.0.0-eksbuild.1", "addon_name": args["addon_name"]}


@builds("aws_eks_cluster")
def cluster(aws, args):
    eks, name, network = aws.client("eks"), args["name"], one(args, "vpc_config")
    encryption = [
        {"resources": block["resources"], "provider": {"keyArn": one(block, "provider")["key_arn"]}}
        for block in blocks(args.get("encryption_config"))
    ]
    made = eks.create_cluster(
        name=name,
        roleArn=args["role_arn"],
        resourcesVpcConfig=given(
            subnetIds=network["subnet_ids"],
            securityGroupIds=network.get("security_group_ids"),
            endpointPublicAccess=network.get("endpoint_public_access"),
            endpointPrivateAccess=network.get("endpoint_private_access"),
            publicAccessCidrs=network.get("public_access_cidrs"),
        ),
        **given(version=args.get("version"), encryptionConfig=encryption),
    )["cluster"]
    # EKS makes one, the double does not.
    ec2 = aws.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=network["subnet_ids"][:1])["Subnets"][0]["VpcId"]
    security_group = ec2.create_security_group(
        GroupName=f"eks-cluster-sg-{name}", Description="Of the cluster", VpcId=vpc
    )["GroupId"]
    yield {
        **args,
        "id": name,
        "arn": made["arn"],
        "endpoint": made["endpoint"],
        "certificate_authority": [made.get("certificateAuthority", {"data": ""})],
        "identity": [{"oidc": [{"issuer": made.get("identity", {}).get("oidc", {}).get("issuer", "")}]}],
        "vpc_config": [{**network, "cluster_security_group_id": security_group}],
    }
    eks.delete_cluster(name=name)
    ec2.delete_security_group(GroupId=security_group)


@builds("aws_eks_node_group")
def node_group(aws, args):
    eks, scaling, template = aws.client("eks"), one(args, "scaling_config"), one(args, "launch_template")
    name = args.get("node_group_name") or f"{args['node_group_name_prefix']}1"
    names = {"clusterName": args["cluster_name"], "nodegroupName": name}
    made = eks.create_nodegroup(
        **names,
        nodeRole=args["node_role_arn"],
        subnets=args["subnet_ids"],
        scalingConfig={"minSize": scaling["min_size"], "maxSize": scaling["max_size"], "desiredSize": scaling["desired_size"]},
        **given(
            amiType=args.get("ami_type"),
            instanceTypes=args.get("instance_types"),
            capacityType=args.get("capacity_type"),
            launchTemplate=given(id=template.get("id"), version=str(template["version"])) if template else None,
        ),
    )["nodegroup"]
    yield {**args, "id": f"{args['cluster_name']}:{name}", "arn": made["nodegroupArn"]}
    eks.delete_nodegroup(**names)
