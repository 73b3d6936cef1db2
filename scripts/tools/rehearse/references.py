"""Resolves the references of a synthesized stack, `${aws_vpc.network_vpc.id}`, by what the double has answered."""

import re

REFERENCE = re.compile(r"\$\{([^{}]+)\}")
ROOT = re.compile(r"(?P<data>data\.)?(?P<type>[a-z0-9_]+)\.(?P<name>[A-Za-z_][\w-]*)(?P<path>.*)$")
PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[\"([^\"]+)\"\]")


def addresses(value):
    """The addresses that a value refers to, in `${...}` and in depends_on."""
    if isinstance(value, str):
        for expression in REFERENCE.findall(value):
            match = ROOT.match(expression)
            if match:
                yield f"{match['data'] or ''}{match['type']}.{match['name']}"
    elif isinstance(value, list):
        for one in value:
            yield from addresses(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "depends_on":
                yield from one
            else:
                yield from addresses(one)


def resolve(value, known):
    """Replaces references by what is known of them: attributes by address."""
    if isinstance(value, list):
        return [resolve(one, known) for one in value]
    if isinstance(value, dict):
        return {key: resolve(one, known) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return look_up(whole[1], known)
    text = REFERENCE.sub(lambda match: str(look_up(match[1], known)), value)
    # In Terraform's text `$${` is a `${`, and in a policy document `&{` is one.
    return text.replace("$${", "${").replace("&{", "${")


def look_up(expression, known):
    match = ROOT.match(expression)
    address = match and f"{match['data'] or ''}{match['type']}.{match['name']}"
    if address not in known:
        raise LookupError(f"cannot resolve ${{{expression}}}")
    found = known[address]
    position = 0
    for part in PART.finditer(match["path"]):
        if part.start() != position:
            raise LookupError(f"cannot read ${{{expression}}}")
        position = part.end()
        name, index, key = part.groups()
        try:
            if index is not None:
                # A block that occurs once is written without its list.
                found = found[int(index)] if isinstance(found, list) else found
            else:
                found = found[name or key]
        except (KeyError, IndexError, TypeError):
            raise LookupError(f"{address} has no {part[0]} for ${{{expression}}}") from None
    if position != len(match["path"]):
        raise LookupError(f"cannot read ${{{expression}}}")
    return found
