// RecordingReader and replay(): what recording.cpp wrote, as far as it is whole.
#include <algorithm>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/local_bus/recording.hpp"
#include "recording_frame.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
    throw Error(ErrorCode::recording_failed,
                "recording " + json_quoted(path.string()) + ": " + what);
}

// One part, frame by frame.
class Part {
public:
    explicit Part(fs::path path) : path_(std::move(path)), file_(path_, std::ios::binary) {
        std::error_code error;
        if (!fs::is_regular_file(path_, error)) refuse(path_, "there is no such file");
        if (!file_) refuse(path_, "it cannot be read");
        size_ = fs::file_size(path_, error);
        std::string mark(bus::recording_mark.size(), '\0');
        if (read(mark) != mark.size() || mark != bus::recording_mark) {
            refuse(path_, "it is no recording of Baton, or one of a later version");
        }
        at_ = mark.size();
    }

    /// Nothing: it ends here, and `fault` says why, if it should not.
    std::optional<bus::RecordingFrame> next() {
        std::string bytes(bus::frame_head_size, '\0');
        const std::size_t size = read(bytes);
        if (size == 0) return std::nullopt;
        if (size < bytes.size()) return end_at("the frame is cut off");
        const bus::FrameHead head = bus::frame_head(bytes);
        if (head.length > bus::frame_max) return end_at("the frame is damaged");
        // Looked at before there is room made for it.
        if (head.length > size_ - at_) return end_at("the frame is cut off");
        bytes.assign(head.length, '\0');
        if (read(bytes) < bytes.size()) return end_at("the frame is cut off");
        if (bus::checksum_of(bytes) != head.checksum) return end_at("the frame is damaged");
        bus::RecordingFrame frame;
        try {
            types::decode_whole(*reader_, bytes, frame);
        } catch (const types::DecodeFailure& failure) {
            return end_at(std::string("the frame is none: ") + failure.what());
        }
        at_ += bus::frame_head_size + bytes.size();
        return frame;
    }
    [[nodiscard]] const std::string& fault() const { return fault_; }
    std::nullopt_t end_at(const std::string& what) {
        fault_ = path_.string() + ": at byte " + std::to_string(at_) + ": " + what;
        return std::nullopt;
    }

private:
    std::size_t read(std::string& bytes) {
        file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return static_cast<std::size_t>(file_.gcount());
    }

    const fs::path path_;
    std::ifstream file_;
    const std::unique_ptr<types::ValueReader> reader_ =
        types::make_msgpack_reader({.bytes_max = bus::frame_max});
    std::uint64_t size_ = 0;
    std::uint64_t at_ = 0;
    std::string fault_;
};

}  // namespace

struct RecordingReader::State {
    std::vector<fs::path> waiting;  // the next one last
    std::optional<Part> part;
    std::string run;
    std::int64_t number = 0;  // of the part; 0: none was read
    Replayed replayed;

    // Of a part, its head. False: it is not of this recording, or is not the next one.
    bool open(const fs::path& path) {
        part.emplace(path);
        const auto frame = part->next();
        if (!frame || !frame->head) {
            if (part->fault().empty()) part->end_at("it has no head");
            return end(part->fault());
        }
        if (number > 0 && (frame->head->run != run || frame->head->part != number + 1)) {
            return end(path.string() + ": it is not part " + std::to_string(number + 1) +
                       " of this recording");
        }
        if (number == 0 && frame->head->part > 1) {
            note(path.string() + ": its first " + std::to_string(frame->head->part - 1) +
                 " parts were removed");
        }
        run = frame->head->run;
        number = frame->head->part;
        return true;
    }
    void note(const std::string& fault) {
        if (replayed.ended.empty()) replayed.ended = fault;
    }
    bool end(const std::string& fault) {
        note(fault);
        part.reset();
        waiting.clear();
        return false;
    }
};

RecordingReader::RecordingReader(const fs::path& path) : state_(std::make_unique<State>()) {
    // Which recording it is says the file of this name: of another one a part may have been left.
    Part last(path);
    const auto head = last.next();
    state_->waiting = {path};
    if (head && head->head && head->head->part > 1) {
        std::vector<fs::path> older = bus::parts_of(path);
        std::erase_if(older, [&](const fs::path& file) {
            return bus::part_of(path, file) >= head->head->part;
        });
        state_->waiting.insert(state_->waiting.end(), older.rbegin(), older.rend());
    }
}

RecordingReader::~RecordingReader() = default;

std::optional<RecordedMessage> RecordingReader::next() {
    State& state = *state_;
    while (true) {
        if (!state.part) {
            if (state.waiting.empty()) return std::nullopt;
            const fs::path path = std::move(state.waiting.back());
            state.waiting.pop_back();
            if (!state.open(path)) return std::nullopt;
        }
        auto frame = state.part->next();
        if (!frame) {
            if (state.part->fault().empty()) state.part->end_at("it was not ended");
            state.end(state.part->fault());
            return std::nullopt;
        }
        if (frame->end) {
            state.replayed.lost = static_cast<std::uint64_t>(frame->end->lost);
            if (frame->end->goes_on == state.waiting.empty()) {
                state.part->end_at("the next part is missing");
                state.end(state.part->fault());
            }
            state.part.reset();
            if (state.waiting.empty()) state.replayed.is_whole = state.replayed.ended.empty();
            continue;
        }
        if (frame->message) return std::move(frame->message);
    }
}

const Replayed& RecordingReader::end() const noexcept { return state_->replayed; }

namespace bus {

Replayed replay(const fs::path& path, StoreCore& store) {
    RecordingReader reader(path);
    Replayed counts;
    while (const auto message = reader.next()) {
        try {
            const bool is_reduced =
                store.replay(message->topic, message->own_topic(), message->content.text());
            ++(is_reduced ? counts.messages : counts.unreduced);
        } catch (const std::exception&) {
            ++counts.failed;
        }
    }
    Replayed replayed = reader.end();
    replayed.messages = counts.messages;
    replayed.unreduced = counts.unreduced;
    replayed.failed = counts.failed;
    return replayed;
}

}  // namespace bus
}  // namespace baton
