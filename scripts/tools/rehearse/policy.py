"""Writes aws_iam_policy_document blocks as AWS takes them, and refuses what AWS would refuse."""

import json

# Characters, without white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_TRUST = 2_048
LONGEST_ROLE_POLICIES = 10_240
# Bytes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
LONGEST_BUCKET_POLICY = 20 * 1024


class Malformed(Exception):
    """A policy that AWS answers with MalformedPolicy, or LimitExceeded."""


def blocks(value):
    """A nested block, which Terraform's JSON writes as an object where it occurs once."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def document(args):
    """The JSON of one aws_iam_policy_document, its `source_policy_documents` included."""
    statements = []
    for source in blocks(args.get("source_policy_documents")):
        statements += json.loads(source)["Statement"]
    sids = {one["Sid"] for one in statements if one.get("Sid")}
    for block in blocks(args.get("statement")):
        one = statement(block)
        if one.get("Sid") in sids:
            raise Malformed(f"Sid {one['Sid']} occurs twice")
        sids.add(one.get("Sid", ""))
        sids.discard("")
        statements.append(one)
    return json.dumps({"Version": args.get("version", "2012-10-17"), "Statement": statements})


def statement(block):
    result = {"Effect": block.get("effect", "Allow")}
    if block.get("sid"):
        if not block["sid"].isalnum():
            raise Malformed(f"Sid {block['sid']!r} may hold letters and digits only")
        result["Sid"] = block["sid"]
    for key, name in [("actions", "Action"), ("not_actions", "NotAction")]:
        if block.get(key):
            result[name] = block[key]
    for key, name in [("resources", "Resource"), ("not_resources", "NotResource")]:
        if block.get(key):
            result[name] = block[key]
    for key, name in [("principals", "Principal"), ("not_principals", "NotPrincipal")]:
        if block.get(key):
            result[name] = principals(blocks(block[key]))
    conditions = {}
    for condition in blocks(block.get("condition")):
        variables = conditions.setdefault(condition["test"], {})
        values = variables.setdefault(condition["variable"], [])
        values += [str(value) for value in condition["values"]]
    if conditions:
        result["Condition"] = conditions
    return result


def principals(named):
    if any(one["type"] == "*" for one in named):
        return "*"
    result = {}
    for one in named:
        result.setdefault(one["type"], []).extend(one["identifiers"])
    return result


def size(text):
    """The characters that AWS counts."""
    return len("".join(text.split()))


def check_trust(name, text):
    if size(text) > LONGEST_TRUST:
        raise Malformed(f"the trust of {name} has {size(text)} characters, of {LONGEST_TRUST} at most")
    for one in json.loads(text)["Statement"]:
        if "Principal" not in one:
            raise Malformed(f"the trust of {name} has a statement without a principal")
        if "Resource" in one or "NotResource" in one:
            raise Malformed(f"the trust of {name} names a resource")


def check_bucket_policy(bucket, text):
    if len(text.encode()) > LONGEST_BUCKET_POLICY:
        raise Malformed(f"the policy of {bucket} has {len(text.encode())} bytes, of {LONGEST_BUCKET_POLICY}")
    own = f"arn:aws:s3:::{bucket}"
    for one in json.loads(text)["Statement"]:
        if "Principal" not in one and "NotPrincipal" not in one:
            raise Malformed(f"the policy of {bucket} has a statement without a principal")
        for resource in blocks(one.get("Resource")):
            if resource != own and not resource.startswith(f"{own}/"):
                raise Malformed(f"the policy of {bucket} names {resource}, which is not in it")
        for action in blocks(one.get("Action")):
            if action != "*" and not action.lower().startswith("s3:"):
                raise Malformed(f"the policy of {bucket} names {action}, which is no action of S3")
