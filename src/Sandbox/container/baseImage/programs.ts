const words = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

/** Programs of the base image, where the machine has them: shells, the usual tools of Unix and of development. */
export const programs = words(`
  sh bash dash env
  [ arch b2sum base32 base64 basename cat chmod chown cksum comm cp csplit cut date dd df dir dirname du echo expand expr factor false
  fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mktemp mv nice nl nohup nproc numfmt od paste
  pathchk pr printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort
  split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink users vdir wc
  whoami yes
  awk mawk gawk sed grep egrep fgrep find xargs diff cmp diff3 sdiff patch which less more file tree column
  tar gzip gunzip zcat bzip2 bunzip2 xz unxz zstd zip unzip
  ps pgrep pkill kill pidof free top uptime watch prlimit setsid flock getopt hexdump rev script
  git perl python3 pip3 pytest-3 pytest make curl wget openssl jq rg ssh-keygen
  getent ldd locale hostname clear tput tset nano vim.tiny bc
`)

/** Directories taken whole, where the machine has them: what programs above need besides libraries. */
export const directories = words(`
  /usr/lib/git-core /usr/share/git-core /usr/libexec/git-core
  /etc/ssl/certs /usr/share/ca-certificates /etc/pki/tls/certs /etc/ca-certificates
  /usr/share/perl /usr/share/perl5 /usr/lib/x86_64-linux-gnu/perl /usr/lib/aarch64-linux-gnu/perl
  /usr/lib/x86_64-linux-gnu/perl-base /usr/lib/aarch64-linux-gnu/perl-base
  /usr/lib/locale/C.utf8 /usr/share/zoneinfo /lib/terminfo /usr/share/terminfo /usr/share/misc
`)

/** Single files besides. */
export const files = words(`
  /etc/ld.so.cache /etc/ssl/openssl.cnf /etc/services /etc/protocols /etc/mime.types /etc/localtime
  /lib/x86_64-linux-gnu/libnss_files.so.2 /lib/x86_64-linux-gnu/libnss_dns.so.2 /lib/x86_64-linux-gnu/libgcc_s.so.1
  /lib/aarch64-linux-gnu/libnss_files.so.2 /lib/aarch64-linux-gnu/libnss_dns.so.2 /lib/aarch64-linux-gnu/libgcc_s.so.1
`)

/** Where programs are looked for: never the places of one user. */
export const systemDirectories = words("/usr/local/bin /usr/bin /bin /usr/sbin /sbin /run/current-system/sw/bin")
