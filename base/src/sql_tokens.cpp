// Reads the tokens of SQL: see tokens.hpp.

#include <vector>

#include "baton/base/tokens.hpp"
#include "token_text.hpp"

namespace baton {
namespace {

using namespace tokens;

constexpr std::string_view operator_characters = "+-*/<>=~!@#%^&|`?";

bool is_operator(char c) { return operator_characters.find(c) != std::string_view::npos; }

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

class Reader {
public:
    explicit Reader(std::string_view source) : text_(source) {}

    std::string read() {
        while (!text_.at_end()) step();
        end_statement();
        return std::move(out_);
    }

private:
    // The body of a function, whose language stands before or after it.
    struct Body {
        std::size_t at;  // in out_
        std::string_view quoted, text;
    };

    void step() {
        const char c = text_.peek();
        if (is_space(c)) {
            text_.take(1);
        } else if (text_.at("--")) {
            text_.take_while([](char one) { return one != '\n'; });
        } else if (text_.at("/*")) {
            skip_comment();
        } else if (is_letter(c)) {
            read_word();
        } else if (is_digit(c) || (c == '.' && is_digit(text_.peek(1)))) {
            add(take_number());
        } else if (c == '\'' || c == '"') {
            add(take_quoted(false));
        } else if (c == '$') {
            read_dollar();
        } else if (is_operator(c)) {
            add(take_operator());
        } else if (text_.at("::") || text_.at(":=") || text_.at("..")) {
            add(text_.take(2));
        } else {
            add(text_.take(1));
            if (c == ';') end_statement();
        }
    }

    void skip_comment() {
        int depth = 0;
        do {
            if (text_.at("/*")) {
                ++depth;
                text_.take(2);
            } else if (text_.at("*/")) {
                --depth;
                text_.take(2);
            } else {
                text_.take(1);
            }
        } while (depth > 0 && !text_.at_end());
    }

    void read_word() {
        const std::string word =
            lower(text_.take_while([](char c) { return is_letter(c) || is_digit(c) || c == '$'; }));
        const bool takes_text = word == "e" || word == "b" || word == "x" || word == "n";
        if (takes_text && text_.peek() == '\'') {
            return add(word + take_quoted(word == "e"));
        }
        if (word == "u" && (text_.at("&'") || text_.at("&\""))) {
            text_.take(1);
            return add("u&" + take_quoted(false));
        }
        add(word);
    }

    std::string take_quoted(bool has_escapes) {
        const char quote = text_.peek();
        std::string token(text_.take(1));
        while (!text_.at_end()) {
            const bool is_escaped = has_escapes && text_.peek() == '\\';
            if (is_escaped || (text_.peek() == quote && text_.peek(1) == quote)) {
                token += text_.take(2);
            } else {
                const bool is_end = text_.peek() == quote;
                token += text_.take(1);
                if (is_end) break;
            }
        }
        return std::to_string(token.size()) + ':' + token;
    }

    // $1, $$text$$ or $tag$text$tag$.
    void read_dollar() {
        std::size_t length = 1;
        while (is_letter(text_.peek(length)) || (length > 1 && is_digit(text_.peek(length)))) {
            ++length;
        }
        if (text_.peek(length) != '$') {
            std::string parameter(text_.take(1));
            parameter += text_.take_while(is_digit);
            return add(parameter);
        }
        const std::string_view tag = text_.rest().substr(0, length + 1);
        const std::string_view quoted = text_.take_through(tag, tag.size());
        const std::string_view inner = quoted.substr(tag.size());
        const std::string_view body =
            inner.substr(0, inner.size() - std::min(inner.size(), tag.size()));
        if (last_ == "as" || first_ == "do") {
            bodies_.push_back({out_.size(), quoted, body});
            last_ = "$$";
        } else {
            add(std::to_string(quoted.size()) + ':' + std::string(quoted));
        }
    }

    std::string take_number() {
        std::string number(text_.take_while(is_digit));
        if (text_.peek() == '.' && text_.peek(1) != '.') {
            number += text_.take(1);
            number += text_.take_while(is_digit);
        }
        const bool is_signed = text_.peek(1) == '+' || text_.peek(1) == '-';
        if ((text_.peek() == 'e' || text_.peek() == 'E') &&
            is_digit(text_.peek(is_signed ? 2 : 1))) {
            number += 'e';
            text_.take(1);
            if (is_signed) number += text_.take(1);
            number += text_.take_while(is_digit);
        }
        return number;
    }

    // As many characters as Postgres takes: no comment begins in it, and it ends with + or - only
    // if it has something of ~!@#%^&|`? in it.
    std::string_view take_operator() {
        std::size_t length = 1;
        while (is_operator(text_.peek(length)) && !text_.rest().substr(length).starts_with("--") &&
               !text_.rest().substr(length).starts_with("/*")) {
            ++length;
        }
        const std::string_view run = text_.rest().substr(0, length);
        if (run.find_first_of("~!@#%^&|`?") == std::string_view::npos) {
            while (length > 1 && (run[length - 1] == '+' || run[length - 1] == '-')) --length;
        }
        return text_.take(length);
    }

    // In other languages the layout may be part of the code.
    void end_statement() {
        const bool is_known =
            language_ == "sql" || language_ == "plpgsql" || (language_.empty() && first_ == "do");
        for (auto body = bodies_.rbegin(); body != bodies_.rend(); ++body) {
            const std::string tokens = is_known ? "$$ of\n" + Reader(body->text).read() + "$$ end\n"
                                                : std::to_string(body->quoted.size()) + ':' +
                                                      std::string(body->quoted) + '\n';
            out_.insert(body->at, tokens);
        }
        bodies_.clear();
        language_.clear();
        first_.clear();
        last_.clear();
    }

    void add(std::string_view token) {
        if (first_.empty()) first_ = token;
        if (last_ == "language") {
            // A name, or, as it may be written, a text: 5:'sql'.
            language_ = lower(token.substr(token.find(':') + 1));
            std::erase(language_, '\'');
        }
        last_ = token;
        out_ += token;
        out_ += '\n';
    }

    Text text_;
    std::string out_;
    std::vector<Body> bodies_;             // of this statement
    std::string first_, last_, language_;  // of this statement
};

}  // namespace

std::string sql_tokens(std::string_view source) {
    const std::string text = with_plain_line_ends(source);
    return Reader(text).read();
}

}  // namespace baton
