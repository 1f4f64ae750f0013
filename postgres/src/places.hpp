// Where a private Postgres finds its programs and keeps its files, and as whom it runs.
//
// Threads: no state is kept.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace baton::postgres {

/// The oldest major version of PostgreSQL that Baton works with.
inline constexpr int version_min = 15;

/// Where programs are looked for, in this order.
struct Places {
    std::string chosen;              ///< BATON_PG_BIN; when it is set, nothing else is tried.
    std::filesystem::path versions;  ///< Debian's folder of versions, each with a bin/.
    std::string path;                ///< PATH

    [[nodiscard]] static Places of_this_machine();
};

/// The bin folder with the programs of PostgreSQL 15 or newer. Throws Error(postgres_missing).
[[nodiscard]] std::filesystem::path find_programs(const Places& places);

/// The user that the server runs as.
struct Account {
    uid_t uid;
    gid_t gid;
    std::string name;
    /// What to put before a command so that it runs as this user and gets SIGINT when the thread
    /// that started it ends. Without setpriv: empty, or, for root, an Error(postgres_missing).
    [[nodiscard]] std::vector<std::string> prefix() const;
    /// Throws Error(usage) unless this user can enter `folder`.
    void check_can_enter(const std::filesystem::path& folder) const;

    /// The current user; for root: postgres if there is such a user, else nobody.
    [[nodiscard]] static Account of_server();
};

/// A 0700 folder of the account, with a lock that only one server at a time can hold. The lock is
/// an flock(2) on the file `lock`: a server that inherits lock() holds it as long as it lives.
class Folder {
public:
    /// `kept` made or opened; if it is empty, a new temporary folder in $TMPDIR or /tmp. Throws
    /// Error: lock_unavailable when a server holds the lock, usage when it cannot be used.
    Folder(const std::filesystem::path& kept, const Account& account);
    /// Releases the lock; removes a temporary folder and all in it.
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] int lock() const { return lock_; }

private:
    std::filesystem::path path_;
    bool temporary_;
    int lock_ = -1;
};

}  // namespace baton::postgres
