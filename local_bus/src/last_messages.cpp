#include "baton/local_bus/last_messages.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"

namespace baton::bus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".recording";

std::size_t weight_of(const RecordedMessage& message) {
    return sizeof(message) + message.topic.size() + message.type.size() +
           message.content.text().size();
}

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
    throw Error(ErrorCode::recording_failed,
                "the folder of failures " + json_quoted(path.string()) + " " + what);
}

void require_own_folder(const fs::path& path) {
    constexpr mode_t mine = 0700;
    constexpr mode_t others = 077;
    if (::mkdir(path.c_str(), mine) != 0 && errno != EEXIST) {
        refuse(path, "cannot be made: " + std::generic_category().message(errno));
    }
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        refuse(path, "cannot be looked at: " + std::generic_category().message(errno));
    }
    if (!S_ISDIR(found.st_mode)) refuse(path, "is no folder");
    if (found.st_uid != ::geteuid()) {
        refuse(path, "is of user " + std::to_string(found.st_uid) + ", and this process of " +
                         std::to_string(::geteuid()));
    }
    if ((found.st_mode & others) != 0) {
        refuse(path, "is open to others; say: chmod 700 " + path.string());
    }
}

struct Kept {
    fs::path path;
    fs::file_time_type written;
    std::uint64_t bytes = 0;
};

// The newest first.
std::vector<Kept> kept_in(const fs::path& folder) {
    std::vector<Kept> files;
    std::error_code error;
    for (fs::directory_iterator each(folder, error), end; !error && each != end;
         each.increment(error)) {
        std::error_code gone;  // another node of this user may remove them, too
        if (!each->path().native().ends_with(suffix)) continue;
        if (!fs::is_regular_file(each->symlink_status(gone))) continue;
        const Kept file{each->path(), each->last_write_time(gone), each->file_size(gone)};
        if (!gone) files.push_back(file);
    }
    std::ranges::sort(files, std::greater{}, &Kept::written);
    return files;
}

}  // namespace

LastMessages::LastMessages(BusContext context, std::size_t messages_max, std::size_t bytes_max)
    : context_(std::move(context)), messages_max_(messages_max), bytes_max_(bytes_max) {}

void LastMessages::note(const MessagePtr& message) noexcept {
    std::optional<RecordedMessage> made;
    try {
        made = recorded(*message, context_);
    } catch (const std::exception&) {
        // It is no JSON: a text that is not UTF-8.
    }
    const std::lock_guard lock(mutex_);
    if (!made || weight_of(*made) > bytes_max_) {
        ++gone_;
        return;
    }
    bytes_ += weight_of(*made);
    messages_.push_back(std::move(*made));
    while (messages_.size() > messages_max_ || bytes_ > bytes_max_) {
        bytes_ -= weight_of(messages_.front());
        messages_.pop_front();
        ++gone_;
    }
}

std::size_t LastMessages::size() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
}

void LastMessages::write_to(Recording& recording) const {
    const std::lock_guard lock(mutex_);
    std::vector<const RecordedMessage*> ordered;
    for (const RecordedMessage& message : messages_) ordered.push_back(&message);
    std::ranges::sort(ordered, {}, &RecordedMessage::number);
    recording.add_lost(gone_);
    for (const RecordedMessage* const message : ordered) recording.write(*message);
}

FailureFolder::FailureFolder(fs::path path, const FailureLimits& limits)
    : path_(std::move(path)), limits_(limits) {
    require_own_folder(path_);
}

std::optional<fs::path> FailureFolder::keep(const std::string& name,
                                            const LastMessages& messages) noexcept {
    const std::lock_guard lock(mutex_);
    try {
        require_own_folder(path_);
        fs::path file = path_ / (name + std::string(suffix));
        constexpr std::uint64_t part_max = std::uint64_t{1} << 30U;
        Recording recording(file, {.bytes_max = part_max, .parts_max = 1});
        messages.write_to(recording);
        recording.close();
        remove_old_ones();
        return file;
    } catch (const std::exception& error) {
        log_line(spdlog::level::warn, "what a failed task said is not kept",
                 {{"reason", error.what()}});
        return std::nullopt;
    }
}

void FailureFolder::remove_old_ones() const {
    const auto oldest = fs::file_time_type::clock::now() - limits_.age_max;
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    for (const Kept& file : kept_in(path_)) {
        bytes += file.bytes;
        ++count;
        // The newest stays, however large it is: an error names it.
        const bool is_too_much = count > limits_.files_max || bytes > limits_.bytes_max;
        if (file.written >= oldest && (!is_too_much || count == 1)) continue;
        std::error_code error;
        fs::remove(file.path, error);
    }
}

}  // namespace baton::bus
