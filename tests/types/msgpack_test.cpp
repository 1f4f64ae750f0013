// msgpack of declared structs, and what hostile bytes must not do: crash, recurse, or allocate more
// than the input deserves.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "baton/base/error.hpp"
#include "baton/types/codec.hpp"
#include "orders.hpp"

namespace {

// The largest single allocation since it was set to 0: a lie in a header shows up here.
thread_local std::size_t largest_allocation = 0;

}  // namespace

// The sanitizers have an operator new of their own; with them, only the refusals are tested.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Not inlined, or gcc pairs our malloc with a delete that it does not see through.
[[gnu::noinline]] void* operator new(std::size_t size) {
    largest_allocation = std::max(largest_allocation, size);
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
#endif

namespace baton {
namespace {

using testing::Everything;

struct Tree {
    std::vector<Tree> children;
    BATON_FIELDS(children)
};

struct Number {
    std::int64_t n{};
    BATON_FIELDS(n)
};

struct Text {
    std::string t;
    BATON_FIELDS(t)
};

struct Real {
    double r{};
    BATON_FIELDS(r)
};

using namespace std::string_literals;

template <class T>
std::string fault_of(const std::string& bytes) {
    try {
        (void)decode_msgpack<T>(bytes);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(MsgpackTest, EveryTypeRoundTrips) {
    const Everything value = testing::full_of_edges();
    const auto again = decode_msgpack<Everything>(encode_msgpack(value));
    EXPECT_EQ(encode_json(again), encode_json(value));
    EXPECT_EQ(encode_msgpack(again), encode_msgpack(value));
}

TEST(MsgpackTest, TruncationAtEveryByteIsRefused) {
    const std::string bytes = encode_msgpack(testing::full_of_edges());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_THROW((void)decode_msgpack<Everything>(bytes.substr(0, length)), Error) << length;
    }
    EXPECT_EQ(fault_of<Everything>(bytes + '\xC0'), "something follows after the msgpack value");
}

TEST(MsgpackTest, UnknownFieldsAreSkippedWhateverTheyHold) {
    // {"x": [1, {"y": [[], "z"]}, bin, ext], "n": 7}
    const std::string bytes =
        "\x82\xA1x\x94\x01\x81\xA1y\x92\x90\xA1z\xC4\x02\x01\x02\xD4\x05\x09\xA1n\x07"s;
    EXPECT_EQ(decode_msgpack<Number>(bytes).n, 7);
    EXPECT_EQ(decode_msgpack<Number>("\x82\xA1n\x01\xA1n\x02"s).n, 2);
}

TEST(MsgpackTest, EachFaultNamesTheFieldAndWhatWasFound) {
    EXPECT_EQ(fault_of<Number>(""), "empty");
    EXPECT_EQ(fault_of<Number>("\x80"s), "field \"n\" is missing");
    EXPECT_EQ(fault_of<Number>("\x07"s), "expected an object, found a number");
    EXPECT_EQ(fault_of<Number>("\x81\xA1n\xA1x"s),
              "field \"n\": expected an integer, found a string");
    EXPECT_EQ(fault_of<Number>("\x81\xA1n\xC0"s), "field \"n\": expected an integer, found null");
    EXPECT_EQ(fault_of<Number>("\x81\xA1n\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s),
              "field \"n\": expected an integer of 64 bits, found a larger number");
    EXPECT_EQ(fault_of<Number>("\x81\x01\x02"s), "expected a name, found a number");
    EXPECT_EQ(fault_of<Number>("\x81\xA1n\xC1"s), "msgpack that ends too early or is broken");
    EXPECT_EQ(fault_of<Text>("\x81\xA1t\xC4\x01x"s), "field \"t\": expected a string, found bytes");
    EXPECT_EQ(fault_of<Text>("\x81\xA1t\xA1\xFF"s), "field \"t\": not valid UTF-8");
    EXPECT_EQ(fault_of<Text>("\x81\xA1t\xA1\x00"s),
              "field \"t\": a text with a NUL character (\\u0000) cannot be stored");
    EXPECT_EQ(fault_of<Real>("\x81\xA1r\xCB\x7F\xF8\x00\x00\x00\x00\x00\x00"s),
              "field \"r\": expected a finite number, found NaN or infinity");
}

TEST(MsgpackTest, HostileHeadersCostNoMemory) {
    const std::string headers[] = {"\xDD\xFF\xFF\xFF\xFF"s,
                                   "\xDF\xFF\xFF\xFF\xFF"s,
                                   "\xDB\xFF\xFF\xFF\xFF"s,
                                   "\xC6\xFF\xFF\xFF\xFF"s,
                                   "\xC9\xFF\xFF\xFF\xFF\x01"s,
                                   "\x81\xA8"
                                   "children\xDD\x00\xFF\xFF\xFF"s};
    for (const std::string& header : headers) {
        largest_allocation = 0;
        EXPECT_NE(fault_of<Tree>(header), "no error");
        EXPECT_LT(largest_allocation, 100'000U);
    }

    std::string nested;
    for (int i = 0; i < 24'000; ++i) nested += "\xDC\xFF\xFF"s;
    largest_allocation = 0;
    EXPECT_EQ(fault_of<Tree>(nested), "msgpack that declares more than it holds");
    EXPECT_LT(largest_allocation, 1'000'000U);
}

TEST(MsgpackTest, DepthOfAMillionIsRefused) {
    EXPECT_EQ(fault_of<Tree>(std::string(1'000'000, '\x91')), "msgpack that is nested too deeply");
    EXPECT_EQ(fault_of<Tree>(std::string(1'000'000, '\x81')), "msgpack that is nested too deeply");
    std::string deep;
    for (int i = 0; i < 33; ++i)
        deep +=
            "\x81\xA8"
            "children\x91"s;
    EXPECT_EQ(fault_of<Tree>(deep + "\x80"), "msgpack that is nested too deeply");
}

TEST(MsgpackTest, LimitsAreExact) {
    const auto with = [](types::ReaderLimits limits) {
        const auto reader = types::make_msgpack_reader(limits);
        Number number;
        types::decode_whole(*reader, "\x81\xA1n\x07"s, number);
        return number.n;
    };
    EXPECT_EQ(with({.bytes_max = 4, .depth_max = 1, .elements_max = 2}), 7);
    EXPECT_THROW(with({.bytes_max = 3}), types::DecodeFailure);
    EXPECT_THROW(with({.depth_max = 0}), types::DecodeFailure);
    EXPECT_THROW(with({.elements_max = 1}), types::DecodeFailure);
}

TEST(MsgpackTest, WhatCannotBeStoredCannotBeWritten) {
    EXPECT_THROW((void)encode_msgpack(Text{"a\0b"s}), Error);
    EXPECT_THROW((void)encode_msgpack(Text{"\xC3"s}), Error);
    EXPECT_THROW((void)encode_msgpack(Real{std::numeric_limits<double>::infinity()}), Error);
}

RC_GTEST_PROP(MsgpackPropertyTest, AnyBytesAreEitherDecodedOrRefused, ()) {
    auto bytes = encode_msgpack(testing::full_of_edges());
    const auto count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) {
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    try {
        const auto value = decode_msgpack<Everything>(bytes);
        RC_ASSERT(encode_json(decode_msgpack<Everything>(encode_msgpack(value))) ==
                  encode_json(value));
    } catch (const Error&) {
        RC_SUCCEED("refused");
    }
}

}  // namespace
}  // namespace baton
