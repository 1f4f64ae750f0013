#include "places.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::postgres {
namespace {

namespace fs = std::filesystem;

constexpr const char* temporary_prefix = "baton-pg-";

std::string variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? "" : value;
}

bool is_program(const fs::path& file) {
    std::error_code error;
    return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

bool has_programs(const fs::path& bin) {
    return is_program(bin / "postgres") && is_program(bin / "initdb");
}

std::vector<fs::path> path_folders(const std::string& path) {
    std::vector<fs::path> folders;
    std::istringstream stream(path);
    for (std::string folder; std::getline(stream, folder, ':');) {
        if (folder.starts_with('/')) folders.emplace_back(folder);
    }
    return folders;
}

std::vector<fs::path> debian_folders(const fs::path& versions) {
    std::vector<std::pair<int, fs::path>> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(versions, error)) {
        const std::string name = entry.path().filename().string();
        int version = 0;
        std::from_chars(name.data(), name.data() + name.size(), version);
        if (version >= version_min) found.emplace_back(version, entry.path() / "bin");
    }
    std::sort(found.rbegin(), found.rend());
    std::vector<fs::path> folders;
    folders.reserve(found.size());
    for (auto& [version, folder] : found) folders.push_back(std::move(folder));
    return folders;
}

Error cannot_use(const fs::path& folder, const std::string& reason) {
    return {ErrorCode::usage,
            "the folder " + json_quoted(folder.string()) + " cannot be used: " + reason};
}

Error cannot_use(const fs::path& folder) {
    return cannot_use(folder, std::generic_category().message(errno));
}

void give(const fs::path& folder, const Account& account) {
    if (::chmod(folder.c_str(), S_IRWXU) != 0) throw cannot_use(folder);
    if (account.uid != ::geteuid() && ::chown(folder.c_str(), account.uid, account.gid) != 0) {
        throw cannot_use(folder);
    }
}

bool can_enter(const Account& account, const fs::path& folder) {
    for (fs::path part = folder;; part = part.parent_path()) {
        struct stat info {};
        if (::stat(part.c_str(), &info) != 0) return false;
        const mode_t bit = info.st_uid == account.uid   ? S_IXUSR
                           : info.st_gid == account.gid ? S_IXGRP
                                                        : S_IXOTH;
        if ((info.st_mode & bit) == 0) return false;
        if (part == part.root_path()) return true;
    }
}

// What a killed process left: nobody holds the lock any more.
void remove_abandoned(const fs::path& base, const Account& account) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(base, error)) {
        const fs::path& folder = entry.path();
        struct stat info {};
        if (!folder.filename().string().starts_with(temporary_prefix)) continue;
        if (::lstat(folder.c_str(), &info) != 0 || info.st_uid != account.uid) continue;
        const int lock = ::open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (lock < 0) continue;
        if (::flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(folder, error);
        ::close(lock);
    }
}

fs::path make_temporary(const Account& account) {
    fs::path base = variable("TMPDIR");
    constexpr std::size_t base_length_max = 40;  // of the 107 bytes that a socket's path may have
    if (!base.is_absolute() || base.native().size() > base_length_max ||
        !can_enter(account, base)) {
        base = "/tmp";
    }
    remove_abandoned(base, account);
    std::string folder = (base / temporary_prefix).string() + "XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw cannot_use(folder);
    give(folder, account);
    return folder;
}

void make_kept(const fs::path& folder, const Account& account) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw cannot_use(folder, error.message());
    if (fs::is_empty(folder, error)) {
        give(folder, account);
    } else if (!fs::exists(folder / "lock")) {
        throw cannot_use(folder, "it is not empty and holds no private Postgres; choose another");
    }
}

// Locked before it has its name: whoever finds a file `lock` unlocked knows it to be abandoned.
int make_lock(const fs::path& folder) {
    const fs::path lock_path = folder / "lock";
    int lock = ::open(lock_path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    const bool existed = lock >= 0;
    const fs::path new_path = folder / ("lock." + std::to_string(::getpid()));
    if (!existed)
        lock =
            ::open(new_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (lock < 0) throw cannot_use(folder);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return -1;
    }
    if (!existed) fs::rename(new_path, lock_path);
    return lock;
}

}  // namespace

Places Places::of_this_machine() {
    return {variable("BATON_PG_BIN"), "/usr/lib/postgresql", variable("PATH")};
}

fs::path find_programs(const Places& places) {
    if (!places.chosen.empty()) {
        if (has_programs(places.chosen)) return fs::canonical(places.chosen);
        throw Error(ErrorCode::postgres_missing,
                    "BATON_PG_BIN is " + json_quoted(places.chosen) +
                        ", which does not hold the programs postgres and initdb");
    }
    for (const fs::path& bin : debian_folders(places.versions)) {
        if (has_programs(bin)) return bin;
    }
    for (const fs::path& bin : path_folders(places.path)) {
        if (has_programs(bin)) return fs::canonical(bin / "postgres").parent_path();
    }
    throw Error(
        ErrorCode::postgres_missing,
        "no PostgreSQL 15 or newer in " + places.versions.string() +
            "/*/bin or PATH; install it (apt install postgresql), or set BATON_PG_BIN to the "
            "folder that holds postgres and initdb");
}

Account Account::of_server() {
    const uid_t uid = ::geteuid();
    if (uid != 0) return {uid, ::getegid(), "the current user"};
    for (const char* const name : {"postgres", "nobody"}) {
        const passwd* const entry = ::getpwnam(name);  // NOLINT(concurrency-mt-unsafe)
        if (entry != nullptr) return {entry->pw_uid, entry->pw_gid, name};
    }
    throw Error(ErrorCode::usage,
                "Postgres does not run as root, and there is no user postgres or nobody");
}

std::vector<std::string> Account::prefix() const {
    const bool changes_user = uid != ::geteuid();
    std::vector<fs::path> folders = path_folders(variable("PATH"));
    folders.insert(folders.end(), {"/usr/bin", "/bin"});
    const auto folder = std::find_if(folders.begin(), folders.end(), [](const fs::path& bin) {
        return is_program(bin / "setpriv");
    });
    if (folder == folders.end()) {
        if (!changes_user) return {};
        throw Error(ErrorCode::postgres_missing,
                    "Postgres does not run as root, and setpriv, which would change the user, is "
                    "missing; install it (apt install util-linux)");
    }
    std::vector<std::string> words{(*folder / "setpriv").string(), "--pdeathsig=INT"};
    if (changes_user) {
        words.insert(words.end(), {"--reuid=" + std::to_string(uid),
                                   "--regid=" + std::to_string(gid), "--clear-groups"});
    }
    words.emplace_back("--");
    return words;
}

void Account::check_can_enter(const fs::path& folder) const {
    if (can_enter(*this, folder)) return;
    throw cannot_use(folder, "the user " + name +
                                 ", who runs the server when root starts it, may not enter it; "
                                 "choose another folder");
}

Folder::Folder(const fs::path& kept, const Account& account)
    : path_(kept), temporary_(kept.empty()) {
    if (temporary_) {
        path_ = make_temporary(account);
    } else {
        make_kept(path_, account);
        path_ = fs::canonical(path_);
    }
    account.check_can_enter(path_);
    lock_ = make_lock(path_);
    if (lock_ >= 0) return;
    std::string pid = "?";
    std::ifstream(path_ / "data" / "postmaster.pid") >> pid;
    throw Error(ErrorCode::lock_unavailable,
                "the private Postgres in " + json_quoted(path_.string()) +
                    " is already running (pid " + pid + "); stop it, or choose another folder");
}

Folder::~Folder() {
    std::error_code error;
    if (temporary_) fs::remove_all(path_, error);
    ::close(lock_);
}

}  // namespace baton::postgres
