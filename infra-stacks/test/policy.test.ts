import { decide } from "./support/policy";
import type { Statement } from "./support/policy";

const read: Statement = { actions: ["s3:GetObject"], resources: ["arn:aws:s3:::bucket/models/*"] };
const key = "arn:aws:s3:::bucket/models/a";

describe("the policy evaluator of these tests", () => {
  it("allows what a statement names, and refuses every other action and resource", () => {
    expect(decide([read], { action: "s3:GetObject", resource: key })).toBe("allowed");
    expect(decide([read], { action: "S3:getobject", resource: key })).toBe("allowed");
    expect(decide([read], { action: "s3:PutObject", resource: key })).toBe("refused");
    expect(
      decide([read], { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/Models/a" }),
    ).toBe("refused");
    expect(decide([read], { action: "s3:GetObject" })).toBe("refused");
    expect(decide([], { action: "s3:GetObject", resource: key })).toBe("refused");
  });

  it("knows * and ? as wildcards, and every other character as itself", () => {
    const one: Statement = { actions: ["s3:Get*"], resources: ["arn:aws:s3:::b.c/?"] };
    expect(decide([one], { action: "s3:GetObjectTagging", resource: "arn:aws:s3:::b.c/x" })).toBe(
      "allowed",
    );
    expect(decide([one], { action: "s3:GetObject", resource: "arn:aws:s3:::b.c/xy" })).toBe(
      "refused",
    );
    expect(decide([one], { action: "s3:GetObject", resource: "arn:aws:s3:::bxc/x" })).toBe(
      "refused",
    );
  });

  it("lets a deny win over any allow", () => {
    const deny: Statement = { effect: "Deny", actions: ["s3:*"], resources: ["*"] };
    expect(decide([read, deny], { action: "s3:GetObject", resource: key })).toBe("denied");
  });

  it("counts a condition whose key the request lacks as not met", () => {
    const conditional: Statement = {
      ...read,
      condition: [{ test: "StringLike", variable: "s3:prefix", values: ["models/*"] }],
    };
    const call = { action: "s3:GetObject", resource: key };
    expect(decide([conditional], call)).toBe("refused");
    expect(decide([conditional], { ...call, context: { "s3:prefix": "backup/" } })).toBe("refused");
    expect(decide([conditional], { ...call, context: { "s3:prefix": "models/a" } })).toBe(
      "allowed",
    );
  });

  it("takes a condition on all values as met where there is none", () => {
    const conditional: Statement = {
      ...read,
      condition: [{ test: "ForAllValues:StringEquals", variable: "key", values: ["a", "b"] }],
    };
    const decision = (context: Record<string, string>) =>
      decide([conditional], { action: "s3:GetObject", resource: key, context });
    expect(decision({ key: "b" })).toBe("allowed");
    expect(decision({ key: "c" })).toBe("refused");
    expect(decision({})).toBe("allowed");
  });

  it("matches principals by type and name", () => {
    const trust: Statement = {
      actions: ["sts:AssumeRole"],
      principals: [{ type: "Service", identifiers: ["ec2.amazonaws.com"] }],
    };
    expect(
      decide([trust], { action: "sts:AssumeRole", principal: "Service:ec2.amazonaws.com" }),
    ).toBe("allowed");
    expect(decide([trust], { action: "sts:AssumeRole", principal: "AWS:ec2.amazonaws.com" })).toBe(
      "refused",
    );
    expect(decide([trust], { action: "sts:AssumeRole" })).toBe("refused");
  });

  it("fails on a condition or a part of a statement that it does not understand", () => {
    const call = { action: "s3:GetObject", resource: key };
    const date: Statement = {
      ...read,
      condition: [{ test: "DateLessThan", variable: "aws:CurrentTime", values: ["2030"] }],
    };
    expect(() => decide([date], call)).toThrow("DateLessThan is not understood");
    const inverted = { actions: ["s3:GetObject"], not_resources: ["x"] } as Statement;
    expect(() => decide([inverted], call)).toThrow("not_resources is not understood");
  });
});
