// What an environment file may say of endpoints, and what is refused of it when it is read.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environments/environment_fixture.hpp"

namespace baton::environments {
namespace {

class EndpointSettingTest : public EnvironmentTest {
protected:
    static std::string with(const std::string& lines) {
        return "[[handler]]\nname = \"a\"\nversion = 1\nkind = \"http\"\n"
               "url = \"https://example.com/\"\n" +
               lines;
    }
};

TEST_F(EndpointSettingTest, IsReadWithItsDefaults) {
    write("shop.toml",
          whole + std::string("[endpoints]\nallow = [\"10.0.0.0/8\"]\nplain_http = true\n") +
              with("method = \"PUT\"\nheaders = [\"x-team: a\\tb\"]\nbearer = \"env:TOKEN\"\n"
                   "sign_with = [\"file:key\"]\nconcurrency = 1000\n"));
    const Environment shop = load({{"--env", "shop"}});
    ASSERT_EQ(shop.handlers.size(), 1U);
    const HandlerSetting& endpoint = shop.handlers[0].value;
    EXPECT_EQ(endpoint.kind, HandlerKind::http);
    EXPECT_EQ(endpoint.url, "https://example.com/");
    EXPECT_EQ(endpoint.method, HandlerMethod::put);
    EXPECT_EQ(endpoint.headers, std::vector<std::string>{"x-team: a\tb"});
    EXPECT_EQ(endpoint.bearer, "env:TOKEN");
    EXPECT_EQ(endpoint.sign_with, std::vector<std::string>{"file:key"});
    EXPECT_EQ(endpoint.concurrency, 1000);
    EXPECT_EQ(endpoint.answer_max, 65536);
    EXPECT_EQ(shop.endpoint_networks.value, std::vector<std::string>{"10.0.0.0/8"});
    EXPECT_TRUE(shop.endpoint_plain_http.value);
    EXPECT_TRUE(shop.endpoint_ca_file.value.empty());
}

TEST_F(EndpointSettingTest, WhatIsOfAnotherKindIsRefused) {
    EXPECT_EQ(refusal_of_rest("[[handler]]\nname = \"a\"\nversion = 1\nkind = \"http\"\n"),
              "@/x.toml:4: handler.url is missing");
    EXPECT_EQ(refusal_of_rest(with("command = [\"ls\"]\n")),
              "@/x.toml:9: handler.command is of a handler of kind \"command\", not of kind "
              "\"http\"");
    EXPECT_EQ(refusal_of_rest("[[handler]]\nname = \"a\"\nversion = 1\ncommand = [\"ls\"]\n"
                              "url = \"https://a/\"\n"),
              "@/x.toml:8: handler.url is of a handler of kind \"http\", not of kind \"command\"");
}

TEST_F(EndpointSettingTest, HeadersThatAreNoneOrBatonsAreRefused) {
    const auto refused = [&](const std::string& header) {
        return refusal_of_rest(with("headers = [\"" + header + "\"]\n"));
    };
    EXPECT_EQ(refused("x-a: b\\r\\nx-evil: 1"),
              "@/x.toml:9: handler.headers: the header \"x-a\" has a line break, or another "
              "character that is no printable ASCII");
    for (const std::string text : {"x: \\n", "x: \\u0000", "x: \\u007f", "x: ü"}) {
        EXPECT_NE(refused(text).find("no printable ASCII"), std::string::npos) << text;
    }
    for (const std::string text : {"x", ": y", "a b: y", "x\\r\\ny: z", "ü: y"}) {
        EXPECT_NE(refused(text).find("is written as"), std::string::npos) << text;
    }
    for (const std::string text : {"Host: a", "content-length: 0", "Webhook-Id: 1",
                                   "BATON-task-id: 1", "transfer-encoding: chunked"}) {
        EXPECT_NE(refused(text).find("is made by Baton, or by HTTP"), std::string::npos) << text;
    }
    EXPECT_EQ(refused("Authorization: Bearer sk_live_planted"),
              "@/x.toml:9: handler.headers: the header \"authorization\" would be a secret in this "
              "file: name it with handler.bearer");
}

}  // namespace
}  // namespace baton::environments
