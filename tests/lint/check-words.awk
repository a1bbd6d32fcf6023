# awk -f check-words.awk only-cli.txt FILE...   reports each word of the list in the code of the FILEs;
# comments, strings and character constants are not code.
FILENAME == ARGV[1] { if ($0 !~ /^(#.*)?$/) word[$1]; next }
FNR == 1 { comment = 0 }
{
  line = $0; code = ""
  while (line != "") {
    if (comment) {
      if (!(i = index(line, "*/"))) break
      line = substr(line, i + 2); comment = 0; continue
    }
    two = substr(line, 1, 2); one = substr(line, 1, 1)
    if (two == "/*") { comment = 1; line = substr(line, 3); code = code " " }
    else if (two == "//") break
    else if (one == "\"" || one == "'") line = after_quote(substr(line, 2), one)
    else { code = code one; line = substr(line, 2) }
  }
  gsub(/format[ \t]*\([ \t]*printf/, "", code) # the attribute, not a call
  n = split(code, token, /[^A-Za-z0-9_]+/)
  for (i = 1; i <= n; i++)
    if (token[i] in word) { print FILENAME ":" FNR ": " token[i] " is for src/cli/ only"; bad = 1 }
}
function after_quote(s, q,    c) {
  while (s != "") {
    c = substr(s, 1, 1)
    if (c == "\\") { s = substr(s, 3); code = code " "; continue }
    s = substr(s, 2)
    if (c == q) break
  }
  code = code " "
  return s
}
END { exit bad }
