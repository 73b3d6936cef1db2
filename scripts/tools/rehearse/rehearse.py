"""Makes synthesized stacks in a double of AWS through AWS' API (boto3), and takes them down again.

usage: rehearse.py make FOLDER ENDPOINT STACK...
           makes the stacks of FOLDER in this order, each in the account that FOLDER/accounts.json gives it; says so on one
           line of JSON; waits until its input ends; then destroys everything in reverse, and says on a second line what is
           left in the accounts
       rehearse.py list ENDPOINT ACCOUNTS REGIONS
           says what is in accounts (separated by commas)
       rehearse.py credentials ENDPOINT ACCOUNT
           says the environment variables with which Terraform is in an account
       rehearse.py empty ENDPOINT BUCKET...
           deletes every version of every object in buckets, as somebody does by hand before a bucket can go
exit 0: done; 1: AWS would refuse it, with the resource and the reason
"""

import functools
import json
import pathlib
import sys
from types import SimpleNamespace

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import leaks
from policy import LONGEST_ROLE_POLICIES, Malformed, blocks, size
from references import addresses, resolve
from resources import ABSENT, BUILDERS, DATA

# What a type has that the double does not make.
STAND_IN = {"id": "absent", "arn": "arn:aws:absent", "name": "absent"}


class Fault(Exception):
    """Something that AWS would refuse."""


def client(endpoint, service, region, credentials):
    # Addressed by path: the double's buckets have no names of hosts.
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client(service, region_name=region, endpoint_url=endpoint, config=config, **credentials)


@functools.cache
def session(endpoint, account):
    """Credentials in an account: the double has every account that somebody takes a role in."""
    first = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
    made = client(endpoint, "sts", "us-east-1", first).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/rehearsal", RoleSessionName="rehearsal"
    )["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }


@functools.cache
def client_of(endpoint, account, service, region):
    return client(endpoint, service, region, session(endpoint, account))


class Aws:
    """Clients of the double, for one account and region."""

    def __init__(self, endpoint, account, region="us-east-1"):
        self.endpoint, self.account, self.region = endpoint, account, region

    def client(self, service, region=None):
        return client_of(self.endpoint, self.account, service, region or self.region)

    def any_image(self):
        return self.client("ec2").describe_images()["Images"][0]["ImageId"]

    def expect(self, what, found, wanted):
        if found != wanted:
            raise Fault(f"{what}: AWS has {found}, not {wanted}")

    def check_role_policies(self, iam, role):
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        texts = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
        total = sum(size(json.dumps(text, separators=(",", ":"))) for text in texts)
        if total > LONGEST_ROLE_POLICIES:
            raise Malformed(f"the policies of {role} have {total} characters, of {LONGEST_ROLE_POLICIES} at most")


def read(folder, stack):
    text = (pathlib.Path(folder) / stack / "cdk.tf.json").read_text()
    return json.loads(text, object_hook=lambda found: {key: value for key, value in found.items() if key != "//"})


def elements(stack):
    """The resources and data sources of a stack by their addresses."""
    found = {}
    for section, prefix in [("data", "data."), ("resource", "")]:
        for kind, named in stack.get(section, {}).items():
            if kind.startswith("aws_"):
                for name, args in named.items():
                    found[f"{prefix}{kind}.{name}"] = SimpleNamespace(kind=kind, data=section == "data", args=args)
    return found


def in_order(found):
    """Addresses, each after what it refers to."""
    done, doing = [], []

    def visit(address):
        if address in done or address not in found:
            return
        if address in doing:
            raise Fault(f"a circle: {' -> '.join([*doing, address])}")
        doing.append(address)
        for other in sorted(set(addresses(found[address].args))):
            visit(other)
        doing.pop()
        done.append(address)

    for address in sorted(found):
        visit(address)
    return done


class Rehearsal:
    def __init__(self, folder, endpoint):
        self.folder, self.endpoint = folder, endpoint
        self.accounts = json.loads((pathlib.Path(folder) / "accounts.json").read_text())
        self.made, self.absent = [], []
        # What each stack's state would hold, by where the state is.
        self.outputs = {}

    def make(self, name):
        stack = read(self.folder, name)
        regions = self.provider_regions(stack)
        known = self.remote_states(stack)
        found = elements(stack)
        for address in in_order(found):
            element = found[address]
            try:
                region = element.args.get("region") or regions[element.args.get("provider")]
                aws = Aws(self.endpoint, self.accounts[name], region)
                known[address] = self.build(name, address, element, resolve(element.args, known), aws)
            except (BotoCoreError, ClientError, Malformed, Fault, LookupError) as error:
                raise Fault(f"{name}: {address}: {error}") from error
        values = {key: resolve(one["value"], known) for key, one in stack.get("output", {}).items()}
        self.outputs[self.state_of(stack["terraform"]["backend"])] = values

    def build(self, stack, address, element, args, aws):
        if element.data:
            if element.kind not in DATA:
                raise Fault(f"no stand-in for the data source {element.kind}: add it to resources.py")
            return DATA[element.kind](aws, args)
        if element.kind in ABSENT:
            self.absent.append(f"{stack}: {address}")
            return {**STAND_IN, **args}
        if element.kind not in BUILDERS:
            raise Fault(f"the rehearsal does not know {element.kind}: add it to resources.py")
        builder = BUILDERS[element.kind](aws, args)
        attributes = next(builder)
        self.made.append((stack, address, builder))
        return attributes

    def provider_regions(self, stack):
        regions = {}
        for provider in stack["provider"]["aws"]:
            alias = provider.get("alias")
            regions[f"aws.{alias}" if alias else None] = provider["region"]
        regions.setdefault("aws", regions.get(None))
        return regions

    def remote_states(self, stack):
        known = {}
        for name, state in stack.get("data", {}).get("terraform_remote_state", {}).items():
            key = self.state_of({state["backend"]: state["config"]})
            if key not in self.outputs:
                raise Fault(f"the state {name} is read before its stack is made")
            known[f"data.terraform_remote_state.{name}"] = {"outputs": self.outputs[key]}
        return known

    @staticmethod
    def state_of(backend):
        [(kind, settings)] = backend.items()
        settings = blocks(settings)[0]
        return (kind, settings.get("bucket"), settings.get("key"), settings.get("path"))

    def destroy(self):
        while self.made:
            stack, address, builder = self.made.pop()
            try:
                for _ in builder:
                    raise Fault("yields twice")
            except (BotoCoreError, ClientError) as error:
                raise Fault(f"{stack}: {address} cannot be destroyed: {error}") from error


def empty(endpoint, *buckets):
    s3 = Aws(endpoint, "123456789012").client("s3")
    for bucket in buckets:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def everything(endpoint, accounts, regions):
    return {
        f"{account}: {one}"
        for account in accounts
        for one in leaks.everything(Aws(endpoint, account), regions)
    }


def make(folder, endpoint, *stacks):
    rehearsal = Rehearsal(folder, endpoint)
    accounts = {rehearsal.accounts[name] for name in stacks}
    regions = {one["region"] for name in stacks for one in read(folder, name)["provider"]["aws"]}
    before = everything(endpoint, accounts, regions)
    for name in stacks:
        rehearsal.make(name)
    say({"made": [f"{stack}: {address}" for stack, address, _ in rehearsal.made], "absent": rehearsal.absent})
    sys.stdin.read()
    rehearsal.destroy()
    say({"left": sorted(everything(endpoint, accounts, regions) - before)})


def variables(endpoint, account):
    return {key.upper(): value for key, value in session(endpoint, account).items()}


def say(value):
    print(json.dumps(value), flush=True)


def main(command, *arguments):
    if command == "make":
        make(*arguments)
    elif command == "list":
        endpoint, accounts, regions = arguments
        say(sorted(everything(endpoint, accounts.split(","), regions.split(","))))
    elif command == "credentials":
        say(variables(*arguments))
    elif command == "empty":
        empty(*arguments)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Fault as fault:
        raise SystemExit(str(fault)) from fault
