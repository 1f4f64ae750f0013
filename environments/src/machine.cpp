#include "baton/environments/machine.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include "baton/base/error.hpp"
#include "baton/base/sha256.hpp"

namespace baton::environments {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& problem) {
    throw Error(ErrorCode::settings_invalid, path.string() + ": " + problem);
}

[[noreturn]] void refuse_for_errno(const fs::path& path, const std::string& what) {
    const int error = errno;
    refuse(path, what + ": " + std::generic_category().message(error));
}

class File {
public:
    File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags, 0600)) {}
    ~File() {
        if (is_open()) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

std::optional<std::string> value_of(const Variables& variable, const std::string& name) {
    if (variable) {
        auto value = variable(name);
        return value && value->empty() ? std::nullopt : value;
    }
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

enum class Reader : std::uint8_t { anybody, owner };

// The rule that libpq has for a private key: its owner's alone; or root's, for a group to read, as
// secrets are mounted into containers.
bool is_open_to_others(const struct stat& status) {
    const mode_t forbidden = status.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    return (status.st_mode & forbidden) != 0;
}

// The first bytes of a file, which is all that one of ours has; nothing where there is no file.
std::optional<std::string> content_of(const fs::path& path, Reader reader) {
    const File file(path, O_RDONLY | O_CLOEXEC);
    if (!file.is_open()) {
        if (errno == ENOENT) return std::nullopt;
        refuse_for_errno(path, "cannot be read");
    }
    struct stat status {};
    if (::fstat(file.descriptor(), &status) != 0) refuse_for_errno(path, "cannot be read");
    if (reader == Reader::owner && is_open_to_others(status)) {
        refuse(path, "others than its owner can get at this secret; run `chmod 600 " +
                         path.string() +
                         "`, and have a new one given out if somebody may have read it");
    }
    std::array<char, 4096> buffer{};
    const ssize_t length = ::read(file.descriptor(), buffer.data(), buffer.size());
    if (length < 0) refuse_for_errno(path, "cannot be read");
    return std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::string without_newline(std::string text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return text;
}

std::string random_hex() {
    std::array<unsigned char, 32> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0) {
        throw std::system_error(errno, std::generic_category(), "getentropy");
    }
    std::string hex;
    for (const unsigned char byte : bytes) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 0xFU];
    }
    return hex;
}

void make_folder(const fs::path& folder) {
    if (folder.empty() || fs::exists(folder)) return;
    make_folder(folder.parent_path());
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        refuse_for_errno(folder, "cannot be made");
    }
}

// A file beside `path` that holds `text`; its name is given to it at the end, so that nobody ever
// reads half of it.
fs::path write_beside(const fs::path& path, const std::string& text) {
    make_folder(path.parent_path());
    fs::path beside = path;
    beside += "." + random_hex().substr(0, 16);
    const File file(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
    if (!file.is_open()) refuse_for_errno(path, "cannot be written");
    if (::write(file.descriptor(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.descriptor()) != 0) {
        const int error = errno;
        ::unlink(beside.c_str());
        errno = error;
        refuse_for_errno(path, "cannot be written");
    }
    return beside;
}

// Writes the file unless there is one.
void write_if_absent(const fs::path& path, const std::string& text) {
    const fs::path beside = write_beside(path, text);
    const int linked = ::link(beside.c_str(), path.c_str());
    const int error = errno;
    ::unlink(beside.c_str());
    errno = error;
    if (linked != 0 && error != EEXIST) refuse_for_errno(path, "cannot be written");
}

fs::path users_folder(const Variables& variable) {
    if (const auto folder = value_of(variable, "XDG_CONFIG_HOME")) {
        return fs::path(*folder) / "baton";
    }
    if (const auto home = value_of(variable, "HOME")) return fs::path(*home) / ".config" / "baton";
    throw Error(ErrorCode::settings_invalid,
                "where this machine's token is kept is not known: set BATON_TOKEN_FILE, "
                "XDG_CONFIG_HOME or HOME");
}

}  // namespace

std::string machine_id(bool may_make_one, const Variables& variable) {
    const auto named = value_of(variable, "BATON_MACHINE_ID_FILE");
    const fs::path path = named.value_or("/etc/machine-id");
    auto content = content_of(path, Reader::anybody);
    const std::string id = without_newline(content.value_or(""));
    // What an image has before its first boot: every machine that is made of it would be the same.
    const bool is_there = !id.empty() && id != "uninitialized";
    if (is_there) return sha256_of(*content);
    if (named || !may_make_one) {
        refuse(path, std::string(content ? "it does not say" : "there is none, which would say") +
                         " which machine this is; have systemd-machine-id-setup write it, or name "
                         "a file of this machine alone by BATON_MACHINE_ID_FILE");
    }
    const fs::path own = users_folder(variable) / "machine-id";
    content = content_of(own, Reader::owner);
    if (!content) {
        write_if_absent(own, random_hex() + "\n");
        content = content_of(own, Reader::owner);
    }
    if (!content || without_newline(*content).empty()) refuse(own, "it is empty; remove it");
    return sha256_of(*content);
}

fs::path token_path(const std::string& name, const Variables& variable) {
    if (const auto file = value_of(variable, "BATON_TOKEN_FILE")) return *file;
    return users_folder(variable) / (name + ".token");
}

std::string make_token(const std::string& name) { return "baton_" + name + "_" + random_hex(); }

std::optional<std::string> read_token(const fs::path& path) {
    const auto content = content_of(path, Reader::owner);
    if (!content) return std::nullopt;
    std::string token = without_newline(*content);
    constexpr std::size_t token_length_max = 200;
    if (!token.starts_with("baton_") || token.size() > token_length_max ||
        token.find('\n') != std::string::npos) {
        refuse(path, "it holds no token of Baton; `baton environment enrol` writes one");
    }
    return token;
}

void write_token(const fs::path& path, const std::string& token) {
    const fs::path beside = write_beside(path, token + "\n");
    if (::rename(beside.c_str(), path.c_str()) == 0) return;
    const int error = errno;
    ::unlink(beside.c_str());
    errno = error;
    refuse_for_errno(path, "cannot be written");
}

std::string read_or_make_token(const fs::path& path, const std::string& name) {
    if (auto token = read_token(path)) return *token;
    write_if_absent(path, make_token(name) + "\n");
    if (auto token = read_token(path)) return *token;
    refuse(path, "it was removed while it was made; try again");
}

MachineCredentials machine_credentials(const Environment& environment) {
    const std::string& name = environment.name.value;
    const fs::path file = token_path(name);
    MachineCredentials credentials;
    credentials.environment = name;
    credentials.may_enrol = environment.kind.value == Kind::development;
    credentials.machine_id = machine_id(credentials.may_enrol);
    credentials.token =
        credentials.may_enrol ? read_or_make_token(file, name) : read_token(file).value_or("");
    return credentials;
}

std::string host_name() {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    return host[0] == '\0' ? "unknown" : host.data();
}

std::string node_name() { return host_name() + ":" + std::to_string(getpid()); }

}  // namespace baton::environments
