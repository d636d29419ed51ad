#!/usr/bin/env python3
"""Fills fuzz/corpus from the project's test data: what each target starts from."""
import glob, json, os, subprocess, zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEPARATOR = b"\n=====\n"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def found(pattern, least=1, most=6000):
    paths = sorted(glob.glob(os.path.join(ROOT, "testdata", pattern), recursive=True))
    return [read(path) for path in paths if least <= os.path.getsize(path) <= most]


def write(target, inputs, most=24):
    folder = os.path.join(ROOT, "fuzz", "corpus", target)
    os.makedirs(folder, exist_ok=True)
    # Evenly over all that there is.
    step = max(1, len(inputs) // most)
    for at, content in enumerate(inputs[::step][:most]):
        with open(os.path.join(folder, f"seed-{at:02}"), "wb") as file:
            file.write(content)


def archives():
    for path in sorted(glob.glob(os.path.join(ROOT, "testdata", "**", "*.tfplan"), recursive=True)):
        yield read(path)
        with zipfile.ZipFile(path) as archive:
            names = ["tfplan", "tfconfig/m-/main.tf", "tfconfig/modules.json", "tfstate"]
            yield SEPARATOR.join(archive.read(name) if name in archive.namelist() else b"" for name in names)


def exported():
    program = os.path.join(ROOT, "target", "debug", "crossvault")
    for folder in sorted(glob.glob(os.path.join(ROOT, "testdata", "cases", "*"))):
        done = subprocess.run([program, "export", "."], cwd=folder, capture_output=True)
        if 0 < len(done.stdout) < 20000:
            yield json.dumps(json.loads(done.stdout)).encode()


write("hcl", found("cases/**/*.tf") + found("syntax/**/*.tf"), 32)
write("tf_json", found("**/*.tf.json") or [b'{"resource": {"aws_backup_vault": {"v": {"name": "v"}}}}'])
write("yaml", found("cases/**/*.yaml") + found("cloudformation/**/*.yaml"), 32)
write("json_template", found("cases/**/*template*.json") + found("cloudformation/**/*.json") or [b'{"Resources": {}}'])
write("plan_json", found("plans/**/*.json", most=20000) + found("printed/*", most=20000), 12)
write("plan_archive", list(archives()))
write("policy", [line for text in found("policy/**/*.jsonl", most=10**7) for line in text.splitlines()[:400:10]] or [b"{}"])
expressions = [json.loads(line)["expr"].encode() for text in found("expressions/**/*", most=10**7) for line in text.splitlines()]
write("expression", [b"\n".join(expressions[at : at + 6]) for at in range(0, len(expressions), 6)], 40)
write("config", found("**/crossvault.toml"))
write("exported_estate", list(exported()), 12)
write("organization_policy", found("cases/*organi*/**/*.json") + found("cases/*polic*/**/*.json"))
write("whole_estate", [bytes((at * 37 + n * 11) % 256 for n in range(120)) for at in range(8)])
