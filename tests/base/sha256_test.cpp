#include "baton/base/sha256.hpp"

#include <gtest/gtest.h>

namespace baton {
namespace {

// libcrypto knows the algorithm; that it is the right one, and written as Postgres does, is ours.
TEST(Sha256Test, DigestIsThatOfTheStandardInLowerCaseHex) {
    EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_of(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace baton
