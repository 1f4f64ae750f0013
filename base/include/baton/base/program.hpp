// What this program is made of, to notice that it was built anew.
//
// Threads: may be called from any thread.
#pragma once

#include <string>

namespace baton {

/// A digest of the executable and of the shared libraries that it uses, other than those of the
/// system (/lib, /usr/lib): of what the linker says each one's content is (its build id), or of the
/// file, where the linker says nothing. Throws Error(settings_invalid) for a file that cannot be
/// read.
[[nodiscard]] std::string program_digest();

/// A build as the database is to know it. In development the program itself says what is inside of
/// a reducer or a handler whose own build does not: then `follows_program`, and `program` is its
/// digest; elsewhere that is empty.
[[nodiscard]] std::string build_with_program(const std::string& build, bool follows_program,
                                             const std::string& program);

}  // namespace baton
