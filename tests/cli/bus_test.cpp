// baton bus: looks at the buses of a running process of the same user. (This one is the process.)
#include <gtest/gtest.h>
#include <simdjson.h>

#include <sstream>
#include <thread>

#include "baton/local_bus/bus_window.hpp"
#include "baton/local_bus/recording.hpp"
#include "local_bus/messages.hpp"
#include "local_bus/runtime_folder.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class BusVerbTest : public ::testing::Test {
protected:
    BusVerbTest() { tool_.set("XDG_RUNTIME_DIR", folder_.path().string()); }

    // Says something again and again while the verb looks.
    Ran run_while_speaking(const std::vector<std::string>& arguments) {
        std::atomic<bool> is_over{false};
        std::jthread speaker([&] {
            for (int i = 1; !is_over; ++i) {
                bus_.publish(RegionDone{"north\x1b[2J", i});
                bus_.log(Level::info, "line {}", i);
                bus_.log(Level::error, "bad\n{}", i);
                std::this_thread::yield();
            }
        });
        Ran ran = tool_.run(arguments);
        is_over = true;
        return ran;
    }

    RuntimeFolder folder_;
    Tool tool_;
    Bus bus_{{}, {.task = 17, .attempt = 2}};
    std::optional<BusWindow> window_{std::in_place, "shop", "dev"};
    std::shared_ptr<void> shown_ = window_->show(bus_);
};

TEST_F(BusVerbTest, TailPrintsWhatIsSaid) {
    const Ran plain = run_while_speaking({"bus", "tail", "--count", "3", "--topic", "region/*"});
    EXPECT_EQ(plain.code, 0) << plain.err;
    EXPECT_NE(plain.out.find(" task 17/2 region/done {\"region\":\"north\\u001b[2J\",\"sales\":"),
              std::string::npos)
        << plain.out;
    EXPECT_EQ(plain.out.find('\x1b'), std::string::npos);
    const Ran lines =
        run_while_speaking({"bus", "tail", "--level", "warn", "--count", "2", "--json"});
    EXPECT_EQ(lines.code, 0) << lines.err;
    std::istringstream stream(lines.out);
    simdjson::dom::parser parser;
    std::string line;
    ASSERT_TRUE(std::getline(stream, line));
    const simdjson::dom::element first = parser.parse(line);
    EXPECT_EQ(std::string_view(first["topic"]), "log/error");
    EXPECT_EQ(std::int64_t(first["task"]), 17);
}

TEST_F(BusVerbTest, TopicsAndStatsSayHowMuch) {
    const Ran topics = run_while_speaking({"bus", "topics", "--for", "0.3"});
    EXPECT_EQ(topics.code, 0) << topics.err;
    EXPECT_NE(topics.out.find("log/error"), std::string::npos) << topics.out;
    EXPECT_NE(topics.out.find("region/done"), std::string::npos);
    auto inbox = bus_.inbox<RegionDone>({.depth = 1, .when_full = DropOldest{}});
    bus_.publish(RegionDone{});
    bus_.publish(RegionDone{});
    const Ran stats = tool_.run({"bus", "stats", "--json", "--node", "shop"});
    EXPECT_EQ(stats.code, 0) << stats.err;
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(stats.out);
    const auto one = json["stats"]["buses"].at(0)["subscriptions"].at(0);
    EXPECT_EQ(std::int64_t(one["published"]), 2);
    EXPECT_EQ(std::int64_t(one["dropped"]), 1);
    EXPECT_EQ(tool_.run({"bus", "stats"}).out.find("node shop (dev), process "), 0U);
}

struct Sales {
    std::int64_t count = 0;
    void reduce(const RegionDone&) { ++count; }
    BATON_FIELDS(count)
};

TEST_F(BusVerbTest, RecordWritesWhatReplayFolds) {
    const Ran ran = run_while_speaking(
        {"bus", "record", "x.recording", "--topic", "region/**", "--count", "7"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out.find("x.recording: 7 messages, "), 0U) << ran.out;
    LocalStore<Sales> store("sales");
    store.on<RegionDone>();
    const Replayed replayed = replay(tool_.folder() / "x.recording", store);
    EXPECT_TRUE(replayed.is_whole) << replayed.ended;
    EXPECT_EQ(store.state().count, 7);
    const Ran again = tool_.run({"bus", "record", "x.recording"});
    EXPECT_EQ(again.code, 1);
    EXPECT_NE(again.err.find("there is such a file already"), std::string::npos) << again.err;
}

TEST_F(BusVerbTest, MistakesGetOneLine) {
    const auto error = [&](const std::vector<std::string>& arguments) {
        Ran ran = tool_.run(arguments);
        EXPECT_NE(ran.code, 0);
        EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
        return ran.err;
    };
    EXPECT_NE(error({"bus", "tail", "--topic", "a/**/b"}).find("the node refuses: "),
              std::string::npos);
    EXPECT_NE(error({"bus", "tail", "--node", "x\x1b"}).find("no node \"x\\u001b\""),
              std::string::npos);
    EXPECT_NE(error({"bus", "topics", "--for", "nan"}).find("--for must be a number of seconds"),
              std::string::npos);
    shown_.reset();
    window_.reset();
    EXPECT_EQ(error({"bus", "tail"}),
              "baton: no node of this user runs on this machine; `baton node` starts one "
              "[BT053]\n");
}

TEST_F(BusVerbTest, ANodeThatEndsEndsTheTail) {
    std::jthread ender([&] {
        auto waiting = [&] { return bus_.stats().published > 0; };
        while (!waiting()) {
            bus_.log(Level::info, "is somebody there?");  // made once somebody looks
            std::this_thread::yield();
        }
        shown_.reset();
        window_.reset();
    });
    const Ran ran = tool_.run({"bus", "tail"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err, "baton: node shop has ended [BT053]\n");
}

}  // namespace
}  // namespace baton::testing
