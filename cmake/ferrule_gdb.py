"""Shows in gdb which coroutines of a Ferrule program wait, each with those that wait for it.

    gdb -p PID -batch -ex 'source ferrule_gdb.py' -ex 'ferrule tasks'

A stopped program's stacks show what runs; of what waits they show nothing, for that lies in frames
on the heap. Those are found by their first two words, which point to the functions that resume and
destroy them, so it takes symbols (Debug or RelWithDebInfo) but no help by the program. It works as
well on a core file, as gcore writes it. Clang's and glibc's layouts on 64 bits are assumed.
"""
import bisect
import re

import gdb

WORD = 8
PROMISE = 2 * WORD  # behind the two functions
REGION_BYTES_MAX = 1 << 30


def regions():
    """(start, end, is_executable) of what is mapped and may be written or executed."""
    found = []
    for line in gdb.execute("info proc mappings", to_string=True).splitlines():
        match = re.match(r"\s*0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+\S+\s+\S+\s+([rwxps-]{4})", line)
        if match:
            start, end, access = int(match[1], 16), int(match[2], 16), match[3]
            if "w" in access or "x" in access:
                found.append((start, end, "x" in access))
    if found:
        return found
    for line in gdb.execute("maintenance info sections", to_string=True).splitlines():
        match = re.match(r"\s*\[\d+\]\s+0x([0-9a-f]+)->0x([0-9a-f]+) at .*: (\S+) (.*)", line)
        if match and "ALLOC" in match[4]:
            is_code = "CODE" in match[4]
            if is_code or "READONLY" not in match[4]:
                found.append((int(match[1], 16), int(match[2], 16), is_code))
    return found


def words_of(start, end):
    try:
        read = gdb.selected_inferior().read_memory(start, (end - start) // WORD * WORD)
    except gdb.MemoryError:
        return ()
    return memoryview(read).cast("B").cast("Q")


class Symbols:
    def __init__(self):
        self.parts = {}

    def part_of(self, address):
        """(coroutine, "resume", "destroy" or "cleanup") if such a function begins here."""
        if address not in self.parts:
            text = gdb.execute(f"info symbol {address:#x}", to_string=True).strip()
            match = re.match(
                r"(.*?)\s*[\[(]?(?:clone )?\.(resume|destroy|cleanup)[\])]? in section", text)
            self.parts[address] = (match[1], match[2]) if match else None
        return self.parts[address]


class Frame:
    def __init__(self, at, resume, name, bytes_max, promise):
        self.at, self.name, self.end = at, name, at + bytes_max
        self.parent_promise, self.owner = promise[1], promise[2]
        place = gdb.find_pc_line(resume)
        self.place = f" at {place.symtab.filename}:{place.line}" if place.symtab else ""


def find_frames():
    known = regions()
    code = [(start, end) for start, end, is_code in known if is_code]
    symbols, frames = Symbols(), []

    def is_code(word):
        return any(start <= word < end for start, end in code)

    low, high = min(s for s, _ in code), max(e for _, e in code)
    for start, end, is_executable in known:
        if is_executable or end - start > REGION_BYTES_MAX:
            continue
        words = words_of(start, end)
        for i in range(len(words) - 5):
            word = words[i]
            if not (low <= word < high and low <= words[i + 1] < high and word != words[i + 1]):
                continue
            if not (is_code(word) and is_code(words[i + 1])):
                continue
            # A promise follows, which begins with a pointer to data: no constant of the compiler's.
            if words[i + 2] == 0 or is_code(words[i + 2]):
                continue
            resumes, ends = symbols.part_of(word), symbols.part_of(words[i + 1])
            if not resumes or resumes[1] != "resume" or not ends or ends[1] == "resume":
                continue
            # What malloc notes of the block; a debug build has an owner in between.
            sizes = [words[i - back] & ~7 for back in (1, 3) if i >= back]
            bytes_max = next((s for s in sizes if 32 <= s <= 1 << 20), 2048)
            frames.append(Frame(start + i * WORD, word, resumes[0], bytes_max,
                                words[i + 2:i + 5]))
    return frames


def chains():
    """Each coroutine that nobody else's wait goes through, and who waits for it, the next first."""
    frames = sorted(find_frames(), key=lambda frame: frame.at)
    starts = [frame.at for frame in frames]
    by_promise = {frame.at + PROMISE: frame for frame in frames}

    def parent_of(frame):
        if frame.parent_promise:
            return by_promise.get(frame.parent_promise)
        # Of several at once (when_all, race, a scope) the owner lies in the parent's frame.
        place = bisect.bisect_right(starts, frame.owner) - 1
        if place < 0 or frame.owner >= frames[place].end or frames[place] is frame:
            return None
        return frames[place]

    parents = {frame.at: parent_of(frame) for frame in frames}
    waited_for = {parent.at for parent in parents.values() if parent}
    for frame in frames:
        if frame.at in waited_for:
            continue
        chain = []
        while frame is not None and frame not in chain:
            chain.append(frame)
            frame = parents[frame.at]
        yield chain


class Ferrule(gdb.Command):
    """Commands for programs that use Ferrule."""

    def __init__(self):
        super().__init__("ferrule", gdb.COMMAND_STACK, prefix=True)


class Tasks(gdb.Command):
    """ferrule tasks: all coroutines that wait, each with those that wait for it, in turn."""

    def __init__(self):
        super().__init__("ferrule tasks", gdb.COMMAND_STACK)

    def invoke(self, _argument, _from_tty):
        found = list(chains())
        for number, chain in enumerate(found, 1):
            print(f"Task {number}:")
            for depth, frame in enumerate(chain):
                print(f"  #{depth}  {frame.name}{frame.place}")
        print(f"{len(found)} tasks wait.")


Ferrule()
Tasks()
