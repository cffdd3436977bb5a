#!/bin/sh
# Runs a test command for Fluffy's kernel and leaves its report where the kernel looks. See src/Router/runners/captured.ts.
# Arguments: FROM REPORT DIRECTORY PATTERN COMMAND...
#   stdout   what COMMAND prints is the report
#   output   the same, with what it prints on stderr
#   file     COMMAND writes the report; what it printed stands in for a missing one
#   files    the report is every file below DIRECTORY that matches PATTERN; the same for none
from=$1 report=$2 directory=$3 pattern=$4
shift 4

found() { find "$directory" -type f -path "$directory/$pattern" "$@" 2>/dev/null; }

printed() {
  [ -s "$report" ] && return
  { echo "fluffy: the command left no report and printed"; cat "$report.log"; } >"$report"
}

# Debian switches PHP's extensions on in /etc/php, which a sandbox does not show; the same files lie in /usr/share.
if [ ! -e /etc/php ] && version=$(php -nr 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;' 2>/dev/null); then
  for extensions in "/usr/share/php$version"-*/*/; do
    PHP_INI_SCAN_DIR=${PHP_INI_SCAN_DIR-}:$extensions
  done
  export PHP_INI_SCAN_DIR
fi

case $from in
  stdout)
    "$@" >"$report"
    code=$?
    cat "$report"
    ;;
  output)
    "$@" >"$report" 2>&1
    code=$?
    # JSON is for the kernel; the rest is for people.
    sed '/^{/d' "$report"
    ;;
  file)
    "$@" >"$report.log" 2>&1
    code=$?
    cat "$report.log"
    printed
    ;;
  files)
    # A report of an earlier run must not pass for one of this run.
    found -exec rm -f {} +
    "$@" >"$report.log" 2>&1
    code=$?
    cat "$report.log"
    found -print | LC_ALL=C sort | while IFS= read -r file; do
      printf '\n<?fluffy-report?>\n'
      cat "$file"
    done >"$report"
    printed
    ;;
  *)
    echo "capture.sh: unknown source of a report: $from" >&2
    code=125
    ;;
esac
exit "$code"
