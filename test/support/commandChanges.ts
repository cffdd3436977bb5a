/** A command and exactly what a scan of the stage must say it did; each works on a fresh `makeTree` with `ignored/` ignored by git. */
export interface CommandChanges {
  readonly name: string
  readonly script: string
  /** Lines of `describe`. */
  readonly changes: ReadonlyArray<string>
  readonly ignored?: ReadonlyArray<string>
  /** `path: why` of what makes the whole set unacceptable. */
  readonly forbidden?: ReadonlyArray<string>
}

/** The size above which a file is not taken. */
export const maxFileBytes = 1 << 20

const python = (source: string) => `python3 -B -c '${source}'`

/** What commands do to files, one thing each. */
export const commandChanges: ReadonlyArray<CommandChanges> = [
  { name: "nothing", script: "cat a.txt dir/sub/three >/dev/null; ls -la . dir", changes: [] },
  {
    name: "creates",
    script: "echo new > new; mkdir -p x/y; echo f > x/y/f; : > nothing",
    changes: ["A new", "A nothing", "A x/y/f"]
  },
  {
    name: "modifies",
    script: "echo other > a.txt; echo more >> b.txt; : > big",
    changes: ["M a.txt", "M b.txt", "M big"]
  },
  {
    name: "modifies to the same size and sets the old times",
    script: "cp -p a.txt /tmp/old; printf 'ALPHA\\n' > a.txt; touch -r /tmp/old a.txt",
    changes: ["M a.txt"]
  },
  {
    name: "modifies through a mapped page",
    script: python("import mmap, os; m = mmap.mmap(os.open(\"a.txt\", os.O_RDWR), 0); m[0] = 88; m.close()"),
    changes: ["M a.txt"]
  },
  {
    name: "touches and rewrites the same bytes",
    script: "touch a.txt; printf 'beta\\n' > b.txt; cp run.sh t; mv t run.sh",
    changes: []
  },
  { name: "edits in place as sed does", script: "sed -i s/alpha/omega/ a.txt", changes: ["M a.txt"] },
  {
    name: "deletes",
    script: "rm a.txt; rm -r dir; rm link",
    changes: ["D a.txt", "D dir/one", "D dir/sub/deeper/four", "D dir/sub/three", "D dir/two", "D dir/uplink", "D link"]
  },
  { name: "deletes the last file of a directory", script: "rm -r nest/a/b", changes: ["D nest/a/b/n"] },
  { name: "makes and removes again", script: "mkdir t; echo x > t/x; rm -r t; mkdir hollow", changes: [] },
  { name: "renames a file", script: "mv a.txt dir/z.txt", changes: ["R a.txt -> dir/z.txt"] },
  {
    name: "renames a directory",
    script: "mv nest moved",
    changes: ["R nest/a/b/n -> moved/a/b/n", "R nest/a/m -> moved/a/m"]
  },
  { name: "renames over a file", script: "mv a.txt big", changes: ["D a.txt", "M big"] },
  { name: "renames to another case", script: "mv a.txt A.TXT", changes: ["R a.txt -> A.TXT"] },
  { name: "swaps two files", script: "mv a.txt t; mv big a.txt; mv t big", changes: ["M a.txt", "M big"] },
  {
    name: "changes modes",
    script: "chmod 755 a.txt; chmod 644 run.sh; chmod 600 b.txt; chmod 0 empty",
    changes: ["m a.txt", "m run.sh"]
  },
  {
    name: "makes what it may not read itself",
    script: "echo late > dir/sub/late; chmod 0 dir/sub/late; chmod 500 dir/sub; chmod 0 dir",
    changes: ["A dir/sub/late"]
  },
  {
    name: "makes and points links",
    script: "ln -s dir new; ln -sfn b.txt link; rm a.txt; ln -s b.txt a.txt; rm dangling; echo file > dangling",
    changes: ["M a.txt", "M dangling", "M link", "A new"]
  },
  {
    name: "writes through links",
    script: "echo through > link; echo new > dirlink/new",
    changes: ["M a.txt", "A dir/sub/new"]
  },
  {
    name: "puts a file in the place of a directory",
    script: "rm -r nest; echo file > nest",
    changes: ["A nest", "D nest/a/b/n", "D nest/a/m"]
  },
  {
    name: "puts a directory in the place of a file",
    script: "rm a.txt; mkdir a.txt; echo inner > a.txt/inner",
    changes: ["D a.txt", "A a.txt/inner"]
  },
  {
    name: "puts a directory in the place of a file and the file back",
    script: "cp -p a.txt /tmp/a; rm a.txt; mkdir a.txt; echo x > a.txt/x; rm -r a.txt; cp -p /tmp/a a.txt",
    changes: []
  },
  {
    name: "puts a directory in the place of a link, and a link in that of a directory",
    script: "rm dirlink; mkdir dirlink; echo f > dirlink/f; rm -r nest; ln -s dir nest",
    changes: ["D dirlink", "A dirlink/f", "A nest", "D nest/a/b/n", "D nest/a/m"]
  },
  {
    name: "makes a directory anew",
    script: "rm -r nest; mkdir -p nest/a; echo other > nest/a/m",
    changes: ["D nest/a/b/n", "M nest/a/m"]
  },
  { name: "links a file twice", script: "ln big hard", changes: ["A hard"] },
  {
    name: "links a file twice and edits it by the other name",
    script: "ln a.txt hard; echo more >> hard",
    changes: ["M a.txt", "A hard"]
  },
  {
    name: "makes a file with holes",
    script: "truncate -s 900K holes; printf x | dd of=holes bs=1 seek=500000 conv=notrunc 2>/dev/null",
    changes: ["A holes"]
  },
  {
    name: "makes a file that is too large",
    script: "head -c 1048577 /dev/zero > large; echo x > x",
    changes: ["A large", "A x"],
    forbidden: ["large: it is larger than 1048576 bytes"]
  },
  {
    name: "makes a file of holes that is too large",
    script: "truncate -s 90M holes",
    changes: ["A holes"],
    forbidden: ["holes: it is larger than 1048576 bytes"]
  },
  {
    name: "lets a file grow too large",
    script: "head -c 2000000 /dev/zero >> big",
    changes: ["M big"],
    forbidden: ["big: it is larger than 1048576 bytes"]
  },
  {
    name: "makes what git ignores",
    script: "mkdir -p ignored; echo x > ignored/x; head -c 3000000 /dev/zero > ignored/large",
    changes: [],
    ignored: ["ignored/large", "ignored/x"]
  },
  {
    name: "uses names beyond ASCII, quotes, blanks, options and patterns",
    script:
      "mv 'únïcode/ñame ☃' 'únïcode/日本語 🦆'; echo q > \"dir/it's \\\"quoted\\\" \"; echo r > ./-rf; echo s > '*'; echo t > '!x'",
    changes: ["A !x", "A *", "A -rf", "A dir/it's \"quoted\" ", "R únïcode/ñame ☃ -> únïcode/日本語 🦆"]
  },
  {
    name: "uses names that are not UTF-8",
    script: python(
      "import os; os.mkdir(b\"\\xc3(\"); open(b\"dir/f\\xff\\xfe\", \"w\").close(); open(\"a.txt\", \"w\").close()"
    ),
    changes: ["M a.txt"],
    forbidden: ["\\u{fffd}(: its name is not UTF-8", "dir/f\\u{fffd}\\u{fffd}: its name is not UTF-8"]
  },
  {
    name: "leaves a FIFO and a socket",
    script: `mkfifo pipe; ${python("import socket; socket.socket(socket.AF_UNIX).bind(\"s\")")}`,
    changes: [],
    forbidden: ["pipe: it is a device, a FIFO or a socket", "s: it is a device, a FIFO or a socket"]
  }
]
