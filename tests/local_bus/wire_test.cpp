// Frames of other processes: read, or refused; never more than that, whatever the bytes are.
// BATON_SEED draws the same ones again; fuzz_bus_frame (script/soak) looks for others.
#include <gtest/gtest.h>

#include <random>

#include "../local_bus/src/wire.hpp"
#include "baton/types/codec.hpp"
#include "local_bus/conformance.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
namespace wire = bus::wire;

/// "": all of it was read. Else what is wrong.
std::string fault_of(std::string_view frame) {
    std::string fault;
    try {
        wire::Reader reader(frame);
        while (!reader.is_at_end()) static_cast<void>(wire::read_child_message(reader));
    } catch (const wire::Malformed& error) {
        fault = error.what();
    }
    // The others who read bytes: the child, and who shows them.
    try {
        wire::Reader reader(frame);
        while (!reader.is_at_end()) static_cast<void>(wire::read_agent_message(reader));
    } catch (const wire::Malformed&) {
    }
    try {
        std::string json;
        wire::Reader reader(frame);
        while (!reader.is_at_end()) reader.json(json);
        EXPECT_LE(json.size(), 64 * frame.size() + 64);
    } catch (const wire::Malformed&) {
    }
    return fault;
}

std::string said(const std::function<void(wire::Writer&)>& write) {
    std::string frame;
    wire::Writer writer(frame);
    write(writer);
    return frame;
}

std::vector<std::string> sound_frames() {
    const std::string value = encode_msgpack(Piece{"what", {1, -1, 1'000'000, -5'000'000'000}});
    return {
        said([](auto& to) { to.array(3).text("hello").natural(1).text("0123456789abcdef"); }),
        said([&](auto& to) { to.array(3).text("publish").text("region/done").value(value); }),
        said([&](auto& to) { to.array(4).text("publish").text("a").value(value).boolean(true); }),
        said([](auto& to) {
            to.array(5).text("subscribe").natural(7).text("**").natural(256).natural(1000);
        }),
        said([](auto& to) {
            to.array(5).text("subscribe").natural(7).text("**").natural(256).text("conflate");
        }),
        said([](auto& to) { to.array(2).text("unsubscribe").natural(70'000); }),
        said([](auto& to) { to.array(3).text("taken").natural(7).natural(200); }),
        said([&](auto& to) { to.array(3).text("result").natural(5'000'000'000).value(value); }),
        said([](auto& to) { to.array(3).text("failed").natural(1).text(std::string(300, 'x')); }),
        said([](auto& to) { to.array(3).text("log").text("info").text("a line"); }),
        said([](auto& to) { to.array(1).text("bye"); }),
        said([](auto& to) { to.array(3).text("bye").nil().text("of a later version"); }),
    };
}

TEST(WireTest, WhatIsWrittenIsReadAndEveryCutOfItIsRefused) {
    std::string all;
    for (const std::string& frame : sound_frames()) {
        EXPECT_EQ(fault_of(frame), "");
        for (std::size_t size = 1; size < frame.size(); ++size) {
            EXPECT_NE(fault_of(frame.substr(0, size)), "") << size;
        }
        all += frame;
    }
    EXPECT_EQ(fault_of(all), "");
    wire::Reader reader(all);
    const wire::ChildMessage hello = wire::read_child_message(reader);
    EXPECT_EQ(hello.kind, wire::FromChild::hello);
    EXPECT_EQ(hello.detail, "0123456789abcdef");
    const wire::ChildMessage publish = wire::read_child_message(reader);
    EXPECT_EQ(publish.text, "region/done");
    EXPECT_EQ(decode_msgpack<Piece>(publish.value).numbers,
              (std::vector<std::int64_t>{1, -1, 1'000'000, -5'000'000'000}));
    EXPECT_TRUE(wire::read_child_message(reader).retain);
}

TEST(WireTest, WhatDeclaresMoreThanItHoldsIsRefusedAtOnce) {
    const std::string publish = said([](auto& to) { to.array(3).text("publish").text("a"); });
    const auto repeated = [](std::string_view piece, std::size_t count) {
        std::string bytes;
        for (std::size_t i = 0; i < count; ++i) bytes += piece;
        return bytes;
    };
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(fault_of(publish + repeated("\x91", 1'000'000)), "a value that is nested too deeply");
    EXPECT_EQ(fault_of(publish + repeated("\x91", 64) + "\xc0"), "");
    EXPECT_EQ(fault_of(publish + repeated("\x91", 65) + "\xc0"),
              "a value that is nested too deeply");
    EXPECT_EQ(fault_of(publish + "\xdd\xff\xff\xff\xff"), "msgpack that ends too early");
    EXPECT_EQ(fault_of(publish + "\xdf\xff\xff\xff\xff"), "msgpack that ends too early");
    EXPECT_EQ(fault_of(publish + "\xdb\xff\xff\xff\xff"), "msgpack that ends too early");
    EXPECT_EQ(fault_of(publish + "\xc9\xff\xff\xff\xff"), "msgpack that ends too early");
    EXPECT_NE(fault_of(publish + repeated("\xdc\xff\xff", 24'000)), "");
    EXPECT_EQ(fault_of("\xdd\xff\xff\xff\xff\xa3"
                       "bye"),
              "msgpack that ends too early");
    EXPECT_EQ(fault_of("\xc1"), "a byte that is no msgpack");
    // Maps as names of maps: their JSON must not double with each.
    EXPECT_EQ(fault_of(publish + repeated("\x81", 60) + repeated("\xc0", 61)), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

// Sound frames with bytes changed, taken out, put in and doubled.
TEST(WireTest, NoChangeOfAFrameDoesMoreThanBeRefused) {
    std::mt19937 random(static_cast<std::uint32_t>(seed()));
    const std::vector<std::string> frames = sound_frames();
    constexpr std::string_view interesting =
        "\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc4\xc7\xca"
        "\xcf\xd3\xd4\xd9\xdb\xdc\xdd\xde\xdf\xff"sv;
    std::size_t read = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string frame = frames[random() % frames.size()];
        for (auto changes = 1 + random() % 4; changes > 0; --changes) {
            const std::size_t at = random() % (frame.size() + 1);
            const char byte = random() % 2 == 0 ? interesting[random() % interesting.size()]
                                                : static_cast<char>(random());
            switch (random() % 4) {
                case 0:
                    frame.insert(at, 1, byte);
                    break;
                case 1:
                    frame.erase(at, 1 + random() % 3);
                    break;
                case 2:
                    frame += frame.substr(at);
                    break;
                default:
                    if (at < frame.size()) frame[at] = byte;
            }
        }
        read += fault_of(frame).empty() ? 1 : 0;
    }
    EXPECT_GT(read, 100U);  // not all is refused: values are changed, too
}

}  // namespace
}  // namespace baton::testing
