// Recordings: the same state again, as far as the file is whole; and what is kept of a failure.
#include "baton/local_bus/recording.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "baton/local_bus/last_messages.hpp"
#include "end_to_end/document.hpp"
#include "local_bus/messages.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Depends on the order of what it folds.
struct Walk {
    std::int64_t steps = 0;
    std::int64_t place = 0;
    BATON_FIELDS(steps, place)
};

void teach(LocalStore<Walk>& store) {
    store.on<Count>([](Walk& walk, const Count& count) {
        ++walk.steps;
        if (count.number == 13) throw std::runtime_error("thirteen");
        walk.place = (walk.place * 31 + count.publisher * 7 + count.number) % 1'000'003;
    });
}

std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

template <class Call>
std::string refusal_of(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::recording_failed);
        return error.what();
    }
    return "";
}

class RecordingTest : public ::testing::Test {
protected:
    RecordingTest() {
        std::string name = (fs::temp_directory_path() / "baton-recording-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = folder_ / "walk.recording";
    }
    ~RecordingTest() override { fs::remove_all(folder_); }

    // Of `messages` that were folded.
    std::string record(int messages, const RecordingOptions& options = {}) {
        Recording recording(path_, options);
        LocalStore<Walk> store("walk");
        teach(store);
        store.record_to(recording);
        for (int i = 1; i <= messages; ++i) {
            try {
                store.dispatch(Count{i % 3, i}, i % 5 == 0 ? "count/odd" : "");
            } catch (const std::runtime_error&) {
                EXPECT_EQ(i, 13);
            }
        }
        return store.digest();
    }
    Replayed replay_into(LocalStore<Walk>& store) {
        teach(store);
        return replay(path_, store);
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }

    fs::path folder_;
    fs::path path_;
};

struct Progress {
    std::int64_t sales = 0;
    void reduce(const RegionDone& region) { sales += region.sales; }
    BATON_FIELDS(sales)
};

TEST_F(RecordingTest, TheExampleOfTheDocumentsGivesTheSameDigest) {
    const fs::path& path = path_;
    baton::LocalStore<Progress> store("month");
    store.on<RegionDone>();
    // clang-format off
    baton::LocalStore<Progress> another("again");
    another.on<RegionDone>();
    baton::Recording recording(path);
    store.record_to(recording);  // or recording.follow(bus)
    store.dispatch(RegionDone{"north", 5});
    recording.close();
    const baton::Replayed replayed = baton::replay(path, another);  // gives the same digest
    if (!replayed.is_whole) std::cerr << replayed.ended << "\n";
    // clang-format on
    EXPECT_TRUE(replayed.is_whole);
    EXPECT_EQ(another.digest(), store.digest());
    const CppOfDocument document = cpp_of_document("docs/recordings.md");
    EXPECT_EQ(document.blocks, 1);
    EXPECT_EQ(document.faults, "");
}

TEST_F(RecordingTest, ReplayGivesTheSameDigest) {
    const std::string digest = record(500);
    struct stat found {};
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    LocalStore<Walk> store("again");
    const Replayed replayed = replay_into(store);
    EXPECT_EQ(store.digest(), digest);
    EXPECT_EQ(replayed.messages, 499U);
    EXPECT_EQ(replayed.failed, 1U);
    EXPECT_TRUE(replayed.is_whole) << replayed.ended;
    LocalStore<Walk> ignorant("ignorant");
    EXPECT_EQ(replay(path_, ignorant).unreduced, 500U);
}

// Publishers on two threads race, and the fold depends on who wins.
TEST_F(RecordingTest, AStoreThatFollowsABusIsReplayedInItsOwnOrder) {
    Bus bus({}, {.task = 17, .attempt = 2});
    Recording recording(path_);
    LocalStore<Walk> store("walk");
    teach(store);
    store.follow(bus);
    store.record_to(recording);
    std::vector<std::jthread> publishers;
    for (int publisher = 0; publisher < 2; ++publisher) {
        publishers.emplace_back([&, publisher] {
            for (int i = 100; i < 400; ++i) bus.publish(Count{publisher, i});
        });
    }
    EXPECT_TRUE(store.condition([](const Walk& walk) { return walk.steps == 600; }, 60s));
    recording.close();
    LocalStore<Walk> again("again");
    EXPECT_TRUE(replay_into(again).is_whole);
    EXPECT_EQ(again.digest(), store.digest());
    RecordingReader reader(path_);
    EXPECT_EQ(reader.next()->task, 17);
}

TEST_F(RecordingTest, ABusIsRecordedBesideItsSubscribers) {
    Bus bus;
    Recording recording(path_);
    recording.follow(bus);
    for (int i = 1; i <= 100; ++i) bus.publish(Count{0, i});
    bus.publish(RegionDone{"\xff", 1});  // no JSON
    recording.close();
    EXPECT_EQ(recording.stats().written, 100U);
    LocalStore<Walk> store("again");
    const Replayed replayed = replay_into(store);
    EXPECT_EQ(store.state().steps, 100);
    EXPECT_EQ(replayed.lost, 1U);
    EXPECT_TRUE(replayed.is_whole);
}

// Cut at each byte, and with every third one damaged: what is whole before that is replayed.
TEST_F(RecordingTest, WhatIsCutOffOrDamagedIsReadAsFarAsItIsWhole) {
    record(3);
    const std::string whole = bytes_of(path_);
    std::uint64_t before = 0;
    for (std::size_t length = 18; length < whole.size(); ++length) {
        write_bytes(path_, std::string_view(whole).substr(0, length));
        LocalStore<Walk> store("again");
        const Replayed replayed = replay_into(store);
        EXPECT_FALSE(replayed.is_whole);
        EXPECT_GE(replayed.messages, before);
        EXPECT_NE(replayed.ended.find("walk.recording: at byte "), std::string::npos);
        before = replayed.messages;
    }
    EXPECT_EQ(before, 3U);
    for (std::size_t at = 18; at < whole.size(); at += 3) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
        write_bytes(path_, damaged);
        LocalStore<Walk> store("again");
        const Replayed replayed = replay_into(store);
        EXPECT_FALSE(replayed.is_whole) << at;
        EXPECT_LE(replayed.messages, 3U);
    }
    write_bytes(path_, whole.substr(0, whole.size() - 1));
    LocalStore<Walk> store("again");
    EXPECT_TRUE(replay_into(store).ended.ends_with("the frame is cut off"));
}

TEST_F(RecordingTest, WhatIsNoRecordingIsRefused) {
    write_bytes(path_, "baton recording 2\n");
    EXPECT_EQ(refusal_of([&] { RecordingReader reader(path_); }),
              "recording \"" + path_.string() +
                  "\": it is no recording of Baton, or one of a later version");
    EXPECT_NE(refusal_of([&] { RecordingReader reader(folder_); }), "");
    EXPECT_NE(refusal_of([&] { RecordingReader reader(folder_ / "none"); }), "");
    EXPECT_EQ(refusal_of([&] { Recording recording(path_); }),
              "recording \"" + path_.string() +
                  "\": there is such a file already; give another name, or remove it");
    EXPECT_NE(refusal_of([&] { Recording recording(folder_ / "none" / "x"); }), "");
    EXPECT_NE(refusal_of([&] { Recording recording(folder_ / "x", {.bytes_max = 1}); }), "");
    EXPECT_NE(refusal_of([&] { Recording recording(folder_ / "x", {.parts_max = 0}); }), "");
}

TEST_F(RecordingTest, PartsAreReadTogetherAndTheOldestAreRemoved) {
    const std::string digest = record(400, {.bytes_max = 16'384, .parts_max = 100});
    EXPECT_GE(files(), 3U);
    LocalStore<Walk> store("again");
    Replayed replayed = replay_into(store);
    EXPECT_TRUE(replayed.is_whole) << replayed.ended;
    EXPECT_EQ(store.digest(), digest);

    fs::remove(path_.string() + ".1");
    LocalStore<Walk> shorter("shorter");
    replayed = replay_into(shorter);
    EXPECT_FALSE(replayed.is_whole);
    EXPECT_TRUE(replayed.ended.ends_with("its first 1 parts were removed")) << replayed.ended;
    EXPECT_LT(shorter.state().steps, 400);
    EXPECT_GT(shorter.state().steps, 0);

    fs::rename(path_, folder_ / "moved");
    EXPECT_NE(refusal_of([&] { record(1); }), "");  // parts of another one are there
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    record(400, {.bytes_max = 8192, .parts_max = 2});
    EXPECT_EQ(files(), 2U);
}

TEST_F(RecordingTest, AFullDiskStopsTheRecordingAndNobodyElse) {
    Recording recording("/dev/shm/baton-" + folder_.filename().string(), {});
    fs::remove(recording.path());
    rlimit former{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
    const rlimit small{8192, former.rlim_max};
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    LocalStore<Walk> store("walk");
    teach(store);
    store.record_to(recording);
    for (int i = 20; i < 320; ++i) store.dispatch(Count{0, i});
    ::setrlimit(RLIMIT_FSIZE, &former);
    ::signal(SIGXFSZ, handler);
    EXPECT_EQ(store.state().steps, 300);
    EXPECT_GT(recording.stats().written, 10U);
    EXPECT_EQ(recording.stats().written + recording.stats().lost, 300U);
}

TEST_F(RecordingTest, TheLastMessagesAreBoundedInNumberAndBytes) {
    Bus bus({}, {.task = 17, .attempt = 2});
    const auto last = std::make_shared<bus::LastMessages>(bus.context());
    bus.tap(last);
    for (int i = 1; i <= 1500; ++i) EXPECT_EQ(bus.publish(Count{0, i}).accepted, 0U);
    EXPECT_EQ(last->size(), 1000U);
    bus::FailureFolder folder(folder_ / "failures");
    const auto file = folder.keep("task-17", *last);
    ASSERT_TRUE(file);
    RecordingReader reader(*file);
    EXPECT_EQ(reader.next()->number, 501);
    while (reader.next()) continue;
    EXPECT_EQ(reader.end().lost, 500U);
    EXPECT_TRUE(reader.end().is_whole);

    bus::LastMessages small({}, 1000, 10'000);
    for (int i = 0; i < 10; ++i) {
        small.note(std::make_shared<bus::TypedMessage<RegionDone>>(
            "", RegionDone{std::string(3000, 'x'), i}));
    }
    EXPECT_EQ(small.size(), 3U);
    small.note(std::make_shared<bus::TypedMessage<RegionDone>>(
        "", RegionDone{std::string(30'000, 'x'), 1}));
    EXPECT_EQ(small.size(), 3U);
}

TEST_F(RecordingTest, TheFolderOfFailuresIsTheUsersAloneAndBounded) {
    const fs::path path = folder_ / "failures";
    bus::FailureFolder folder(path, {.files_max = 3, .age_max = std::chrono::hours(1)});
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    const bus::LastMessages nothing({});
    write_bytes(path / "other.txt", "stays");
    for (int i = 0; i < 5; ++i) {
        const auto file = folder.keep("task-" + std::to_string(i), nothing);
        ASSERT_TRUE(file);
        fs::last_write_time(*file, fs::file_time_type::clock::now() - std::chrono::minutes(9 - i));
    }
    EXPECT_FALSE(fs::exists(path / "task-1.recording"));
    EXPECT_TRUE(fs::exists(path / "task-2.recording"));
    fs::last_write_time(path / "task-4.recording",
                        fs::file_time_type::clock::now() - std::chrono::hours(2));
    EXPECT_TRUE(folder.keep("task-5", nothing));
    EXPECT_FALSE(fs::exists(path / "task-4.recording"));
    EXPECT_TRUE(fs::exists(path / "other.txt"));
    EXPECT_FALSE(folder.keep("task-5", nothing));  // is never written over

    fs::permissions(path, fs::perms::owner_all | fs::perms::others_read);
    EXPECT_EQ(refusal_of([&] { bus::FailureFolder again(path); }),
              "the folder of failures \"" + path.string() +
                  "\" is open to others; say: chmod 700 " + path.string());
    EXPECT_FALSE(folder.keep("task-6", nothing));
    fs::create_directory_symlink(folder_, folder_ / "link");
    EXPECT_NE(refusal_of([&] { bus::FailureFolder again(folder_ / "link"); }), "");
    EXPECT_NE(refusal_of([&] { bus::FailureFolder again(folder_ / "none" / "x"); }), "");
}

}  // namespace
}  // namespace baton::testing
