// No secret of a connection string is ever shown, not even one in a mistyped string.
#include "baton/environments/connection_url.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

namespace baton::environments {
namespace {

struct Row {
    std::string url;
    std::string shown;
};

TEST(RedactedUrlTest, HidesSecretsAndShowsTheRest) {
    const std::vector<Row> table{
        {"postgresql://u:secret@h/db", "postgresql://u:***@h/db"},
        {"postgres://u:secret@h:5432/db", "postgres://u:***@h:5432/db"},
        {"postgresql://u@h/db", "postgresql://u@h/db"},
        {"postgresql://h:5432/db", "postgresql://h:5432/db"},
        {"postgresql:///db?host=/tmp/x&port=5432&user=baton",
         "postgresql:///db?host=/tmp/x&port=5432&user=baton"},
        {"postgresql://u:secret@h1:1,h2:2/db?target_session_attrs=read-write",
         "postgresql://u:***@h1:1,h2:2/db?target_session_attrs=read-write"},
        {"postgresql://[::1]:5432,[fe80::1%25eth0]/db",
         "postgresql://[::1]:5432,[fe80::1%25eth0]/db"},
        {"postgresql://u:se%63ret%40@h/db", "postgresql://u:***@h/db"},
        {"postgresql://:secret@h/db", "postgresql://:***@h/db"},
        {"postgresql://u:@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:se:cret@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:secret?x@h/db?a=b", "postgresql://u:***@h/db?a=b"},
        {"postgresql://h/db?password=secret", "postgresql://h/db?password=***"},
        {"postgresql://h/db?user=u&password=secret&port=1",
         "postgresql://h/db?user=u&password=***&port=1"},
        {"postgresql://h/db?p%61ssword=secret", "postgresql://h/db?p%61ssword=***"},
        {"postgresql://h/db?sslpassword=secret&sslkey=/k",
         "postgresql://h/db?sslpassword=***&sslkey=/k"},
        {"postgresql://h/db?oauth_client_secret=secret",
         "postgresql://h/db?oauth_client_secret=***"},
        {"postgresql://h/db?scram_client_key=secret", "postgresql://h/db?scram_client_key=***"},
        {"postgresql://h/db?user=a@b", "postgresql://h/db?user=a@b"},
        {"host=h user=u password=secret dbname=d", "host=h user=u password=*** dbname=d"},
        {"password=secret", "password=***"},
        {"password = secret host = h", "password=*** host=h"},
        {"password='se cret' host=h", "password=*** host=h"},
        {"password='secret\\' secret' host=h", "password=*** host=h"},
        {"password=secret\\ secret host=h", "password=*** host=h"},
        {"host='a b' port=1", "host='a b' port=1"},
        {"  host=h\tpassword=secret\n", "host=h password=***"},
        {"PASSWORD=secret host=h", "PASSWORD=*** host=h"},
        {"", ""},
    };
    for (const Row& row : table) EXPECT_EQ(redacted_url(row.url), row.shown) << row.url;
}

TEST(RedactedUrlTest, HidesWhatItCannotRead) {
    const std::vector<Row> table{
        {"postgresql://u:sec/ret@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:sec@ret@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:12/ret@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:secret", "postgresql://***"},
        {"postgresql://u:sec/re?t@h/db", "postgresql://***"},
        {"postgresql://h/db?secret", "postgresql://***"},
        {"mysql://u:secret@h/db", "***"},
        {"secret", "***"},
        {"host=h secret", "host=h ***"},
        {"password=my secret host=h", "password=*** ***"},
        {"password='secret", "password=***"},
        {"password=secret\\", "password=***"},
        {"POSTGRESQL://u:secret@h/db?sslmode=require", "***"},
        {"postgresql:/u:secret@h/db?sslmode=require", "***"},
        {"jdbc:postgresql://u:secret@h/db?a=b", "***"},
        {" postgresql://u:secret@h/db?a=b", "***"},
        {"'postgresql://u:secret@h/db?a=b'", "***"},
        {"DATABASE_URL=postgresql://u:secret@h/db", "DATABASE_URL=***"},
        {"host=h dbname=postgresql://u:secret@h/db", "host=h dbname=***"},
        {"password=my sec=ret host=h", "password=*** ***"},
        {"postgresql://h/db?u:secret@h=1", "postgresql://***"},
        {"postgresql://u:12?a=1/secret@h/db", "postgresql://***"},
    };
    for (const Row& row : table) {
        EXPECT_EQ(redacted_url(row.url), row.shown) << row.url;
        EXPECT_EQ(redacted_url(row.url).find("ret"), std::string::npos) << row.url;
    }
}

// What libpq itself reads from the string, in our output only the secret differs.
TEST(RedactedUrlTest, AgreesWithLibpqOnEverythingElse) {
    using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
    for (const std::string url :
         {"postgresql://u:se%63ret%40@h1:1,h2:2/db?connect_timeout=3&sslpassword=x",
          "postgres://:pw@/db", "host=h  user = 'a b' password='x\\'y z' dbname=d\\ e",
          "postgresql://u:q?q@h/d?application_name=a@b"}) {
        const Options original(PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
        const Options shown(PQconninfoParse(redacted_url(url).c_str(), nullptr), &PQconninfoFree);
        ASSERT_TRUE(original && shown) << url;
        for (std::size_t i = 0; original.get()[i].keyword != nullptr; ++i) {
            const PQconninfoOption& before = original.get()[i];
            const PQconninfoOption& after = shown.get()[i];
            if (before.val == nullptr) {
                EXPECT_EQ(after.val, nullptr) << url << ' ' << before.keyword;
            } else {
                EXPECT_STREQ(after.val, before.dispchar[0] == '*' ? "***" : before.val) << url;
            }
        }
    }
}

}  // namespace
}  // namespace baton::environments
