/** Calls of the C library that Node has none for. Paths are UTF-8. */
export interface Native {
  /** Whether an overlay marked this directory as one that hides what lies below it. */
  readonly isOpaque: (path: string) => boolean
  /** A descriptor that tells of entries that come to, or leave, watched directories; it does not block, and goes with an `exec`. */
  readonly openWatch: () => number | undefined
  /** Watches a directory, no link; its number is the same when it is watched already. Undefined when the system allows no more. */
  readonly addWatch: (descriptor: number, directory: string) => number | undefined
}

// inotify(7): IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO; IN_ONLYDIR, IN_DONT_FOLLOW. IN_NONBLOCK and IN_CLOEXEC are open(2)'s.
const events = 0x100 | 0x200 | 0x40 | 0x80
const directoriesOnly = 0x01000000 | 0x02000000
const nonBlocking = 0o2004000

const opaqueMark = "user.overlay.opaque"

const load = async (): Promise<Native | undefined> => {
  if (process.platform !== "linux") return undefined
  try {
    const { default: koffi } = await import("koffi")
    const libc = koffi.load(null)
    const getxattr = libc.func("long lgetxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)")
    const init = libc.func("int inotify_init1(int flags)")
    const add = libc.func("int inotify_add_watch(int fd, const char *path, uint32_t mask)")
    const value = Buffer.alloc(8)
    const some = (descriptor: number) => descriptor < 0 ? undefined : descriptor
    return {
      isOpaque: (path) => getxattr(path, opaqueMark, value, value.length) === 1 && value[0] === 0x79,
      openWatch: () => some(init(nonBlocking)),
      addWatch: (descriptor, directory) => some(add(descriptor, directory, events | directoriesOnly))
    }
  } catch {
    return undefined
  }
}

let loaded: Promise<Native | undefined> | undefined

/** Loads them, once; undefined where there is no such library, or no Linux. */
export const native = (): Promise<Native | undefined> => loaded ??= load()
