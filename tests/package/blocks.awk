# Writes the fenced blocks of a page of documentation to the files they name (```cpp file=path), below `into`. Blocks of
# one file are joined. A block that names none would stay untested, and is an error.
/^```./ && !inside {
    if (!match($0, /file=[^ ]+/)) { print FILENAME ":" FNR ": a block without a file" > "/dev/stderr"; exit 1 }
    path = into substr($0, RSTART + 5, RLENGTH - 5)
    inside = 1
    next
}
/^```$/ && inside { inside = 0; print "" > path; next }
inside { print > path }
