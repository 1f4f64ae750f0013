#include "baton/local_bus/recording.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <random>
#include <system_error>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "recording_frame.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
    throw Error(ErrorCode::recording_failed,
                "recording " + json_quoted(path.string()) + ": " + what);
}

const RecordingOptions& checked(const fs::path& path, const RecordingOptions& options) {
    constexpr std::uint64_t least = 4096;
    constexpr std::uint64_t most = std::uint64_t{1} << 40U;
    if (options.bytes_max < least || options.bytes_max > most) {
        refuse(path, std::to_string(options.bytes_max) + " bytes are not in 4096 to 2^40");
    }
    if (options.parts_max < 1 || options.parts_max > 1000) {
        refuse(path, std::to_string(options.parts_max) + " parts are not in 1 to 1000");
    }
    return options;
}

std::string new_run() {
    std::random_device random;
    return std::to_string(random()) + "-" + std::to_string(random());
}

fs::path part_path(const fs::path& path, std::int64_t part) {
    return path.string() + "." + std::to_string(part);
}

}  // namespace

RecordedMessage recorded(const Message& message, const BusContext& context) {
    using std::chrono::duration_cast;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    RecordedMessage made;
    made.number = static_cast<std::int64_t>(message.sequence());
    made.at = duration_cast<std::chrono::microseconds>(now).count();
    made.topic = message.topic();
    if (message.own_topic() != message.topic()) made.type = message.own_topic();
    made.task = context.task;
    made.attempt = context.attempt;
    made.trace = context.trace;
    made.content = Json::parse(message.json());
    return made;
}

Recording::Recording(fs::path path, const RecordingOptions& options)
    : path_(std::move(path)), options_(checked(path_, options)), run_(new_run()) {
    const std::vector<fs::path> parts = bus::parts_of(path_);
    if (!parts.empty()) {
        refuse(path_, "a part of another one is there: " + parts.front().string() +
                          "; give another name, or remove it");
    }
    open_part();
}

Recording::~Recording() { close(); }

// Throws where it cannot be made.
void Recording::open_part() {
    file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              S_IRUSR | S_IWUSR));
    if (!file_.is_open() && errno == EEXIST) {
        refuse(path_, "there is such a file already; give another name, or remove it");
    }
    if (!file_.is_open()) {
        refuse(path_, "it cannot be made: " + std::generic_category().message(errno));
    }
    bus::RecordingFrame frame;
    frame.head = bus::RecordingHead{run_, part_};
    const std::string head =
        std::string(bus::recording_mark) + bus::frame_of(encode_msgpack(frame));
    if (!bus::write_all(file_.number(), head)) {
        refuse(path_, "it cannot be written: " + std::generic_category().message(errno));
    }
    bytes_ = head.size();
}

void Recording::next_part() {
    bus::RecordingFrame frame;
    frame.end = bus::RecordingEnd{static_cast<std::int64_t>(stats_.lost), true};
    append(encode_msgpack(frame));
    fs::rename(path_, part_path(path_, part_));
    std::error_code error;
    fs::remove(part_path(path_, part_ + 1 - options_.parts_max), error);
    ++part_;
    open_part();
}

void Recording::append(std::string_view payload) {
    const std::string frame = bus::frame_of(payload);
    if (!bus::write_all(file_.number(), frame)) {
        const std::string reason = std::generic_category().message(errno);
        // A reader need not see half of it.
        [[maybe_unused]] const int cut = ::ftruncate(file_.number(), static_cast<off_t>(bytes_));
        refuse(path_, "it cannot be written: " + reason);
    }
    bytes_ += frame.size();
}

void Recording::follow(Bus& bus, const SubscribeOptions& options) {
    context_ = bus.context();
    subscription_ = bus.subscribe<Message>(
        options, [this](const Message& message) { write(message, context_); });
}

void Recording::write(const Message& message, const BusContext& context) noexcept {
    try {
        write(recorded(message, context));
    } catch (const std::exception&) {
        add_lost(1);
    }
}

void Recording::write(const RecordedMessage& message) noexcept {
    const std::lock_guard lock(mutex_);
    try {
        if (!file_.is_open()) {
            ++stats_.lost;
            return;
        }
        const std::string payload = bus::message_frame(message);
        const std::size_t size = payload.size() + bus::frame_head_size;
        if (payload.size() > bus::frame_max || size > options_.bytes_max / 2) {
            ++stats_.lost;
            return;
        }
        if (bytes_ + size > options_.bytes_max) next_part();
        append(payload);
        ++stats_.written;
    } catch (const std::exception& error) {
        ++stats_.lost;
        stop(error.what());
    }
}

void Recording::add_lost(std::uint64_t count) noexcept {
    const std::lock_guard lock(mutex_);
    stats_.lost += count;
}

void Recording::stop(const char* reason) noexcept {
    file_.close();
    log_line(spdlog::level::warn, "a recording stops", {{"reason", reason}});
}

void Recording::close() noexcept {
    try {
        constexpr std::chrono::seconds patience{5};
        static_cast<void>(subscription_.wait_for(patience));  // for what was published by now
    } catch (const std::exception&) {
        // Then what waits is lost, and counted.
    }
    subscription_.end();
    const std::uint64_t dropped = subscription_.stats().dropped + subscription_.stats().discarded;
    const std::lock_guard lock(mutex_);
    if (!file_.is_open()) return;
    stats_.lost += dropped;
    try {
        bus::RecordingFrame frame;
        frame.end = bus::RecordingEnd{static_cast<std::int64_t>(stats_.lost), false};
        append(encode_msgpack(frame));
        file_.close();
    } catch (const std::exception& error) {
        stop(error.what());
    }
}

RecordingStats Recording::stats() const {
    const std::lock_guard lock(mutex_);
    RecordingStats stats = stats_;
    if (file_.is_open()) stats.lost += subscription_.stats().dropped;
    return stats;
}

}  // namespace baton
