# awk -f check-layers.awk layers.txt FILE...   run in the project's folder; FILEs are src/ROOM/NAME.[ch]
# Reports a room that includes a room it may not, and a third-party header that comes in by another
# file than its door. An include of ours is written from src/, so the line itself says the room.
FILENAME == ARGV[1] {
  if ($1 == "@") door[$2] = $3
  else if ($1 ~ /^[a-z]+:$/) {
    room = substr($1, 1, length($1) - 1)
    for (i = 2; i <= NF; i++) {
      if (!($i in seen)) fail(FILENAME ":" FNR ": " room " names " $i ", which is not above it")
      may[room, $i]
    }
    seen[room]
  } else if ($0 !~ /^(#.*)?$/) fail(FILENAME ":" FNR ": not a line of this file's language")
  next
}
FNR == 1 {
  split(FILENAME, part, "/"); from = part[2]
  if (part[1] != "src" || !(from in seen)) fail(FILENAME ": " from " is no room of layers.txt")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
  h = $0; sub(/^[^<]*</, "", h); sub(/>.*/, "", h)
  any = h; sub(/\/.*/, "/*.h", any)
  at = h in door ? door[h] : any in door ? door[any] : ""
  if (at != "" && at != FILENAME) fail(FILENAME ":" FNR ": only " at " may include <" h ">")
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
  h = $0; sub(/^[^"]*"/, "", h); sub(/".*/, "", h)
  split(h, q, "/")
  if (!(q[1] in seen)) fail(FILENAME ":" FNR ": \"" h "\" is not written from src/")
  else if (q[1] != from && !((from, q[1]) in may)) fail(FILENAME ":" FNR ": " from " may not include " q[1])
}
function fail(msg) { print msg; bad = 1 }
END { exit bad }
