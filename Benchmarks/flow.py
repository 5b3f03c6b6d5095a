#!/usr/bin/env python3
"""What flow files cost: usage: flow.py PATH-OF-ASYNCFLOW. Prints a line for each figure, next to its goal."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

program = os.path.abspath(sys.argv[1])


def measure(words, folder, stdin=None):
    """Runs a program; its output, wall time, CPU time with that of its children, and most memory in MiB."""
    start = time.time()
    with open(os.path.join(folder, "out"), "wb+") as out:
        process = subprocess.Popen(words, cwd=folder, stdout=out, stdin=stdin or subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(words)} ended with {process.returncode}: {errors.decode(errors='replace')}")
        out.seek(0)
        return start, out.read().decode(), time.time() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def figure(name, value, goal):
    print(f"{name} {value:.2f} (goal: {goal})", flush=True)


with tempfile.TemporaryDirectory() as folder:
    steps = "  s0: {value: 1}\n" + "".join(f"  s{i}: {{value: '${{{{ s{i - 1}.value + 1 }}}}'}}\n" for i in range(1, 49))
    write(folder, "start.yaml", f"flow: start\nsteps:\n{steps}  first: {{command: date +%s.%N}}\noutputs: {{t: '${{{{ first.value }}}}', n: '${{{{ s48.value }}}}'}}\n")
    starts = []
    for _ in range(15):
        start, output, *_ = measure([program, "run", "--quiet", "start.yaml"], folder)
        starts.append((float(output.split('"t": "')[1].split('"')[0]) - start) * 1000)
    figure("flow.start_ms", statistics.median(starts), "at most 30")

    write(folder, "steps.yaml", "flow: steps\nsteps:\n  s: {for: {i: 1..1000}, command: \"true ${{ i }}\"}\n")
    cpu = [measure([program, "run", "--quiet", "steps.yaml"], folder)[3] for _ in range(3)]
    figure("flow.step_cpu_ms", statistics.median(cpu), "at most 2")

    write(folder, "items", "".join(f"{i}\n" for i in range(1000)))
    ours, theirs = [], []
    for _ in range(3):
        with open(os.path.join(folder, "items")) as items:
            ours.append(measure([program, "map", "true {}"], folder, items)[3])
        with open(os.path.join(folder, "items")) as items:
            theirs.append(measure(["xargs", "-n1", f"-P{os.cpu_count()}", "true"], folder, items)[3])
    figure("flow.map_ratio", statistics.median(ours) / statistics.median(theirs), "at most 1.4, to xargs -P")

    write(folder, "elements.yaml", "flow: elements\nsteps:\n  e: {for: {i: 1..100000}, value: \"${{ i }}\"}\n  n: {value: \"${{ sum(e.value) }}\"}\noutputs: {n: '${{ n.value }}'}\n")
    figure("flow.elements_mib", measure([program, "run", "--quiet", "elements.yaml"], folder)[4], "at most 60, for 100,000 elements")

    many = "".join(f"  s{i}: {{command: \"echo ${{{{ s{i - 1}.value }}}}\", retry: 2}}\n" for i in range(1, 5000))
    write(folder, "many.yaml", f"flow: many\nsteps:\n  s0: {{command: echo}}\n{many}")
    walls = [measure([program, "check", "many.yaml"], folder)[2] * 1000 for _ in range(5)]
    figure("flow.check_ms_at_5000", statistics.median(walls), "at most 300")

    if shutil.which("snakemake"):
        rules = "".join(f"rule r{i}:\n    output: 'o{i}'\n    shell: 'touch o{i}'\n" for i in range(1000))
        write(folder, "Snakefile", "rule all:\n    input: [f'o{i}' for i in range(1000)]\n" + rules)
        wall = measure(["snakemake", "-j", str(os.cpu_count()), "--quiet", "all"], folder)[3]
        figure("flow.snakemake_ratio", wall / statistics.median(cpu), "at least 20")
    else:
        print("flow.snakemake_ratio: SKIPPED, there is no snakemake")
