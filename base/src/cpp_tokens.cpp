// Reads the tokens of C++: see tokens.hpp.

#include <array>

#include "baton/base/tokens.hpp"
#include "token_text.hpp"

namespace baton {
namespace {

using namespace tokens;

// Longest first. Not ">>": templates end with it, or with "> >". Digraphs come apart, as nothing
// else does that is C++.
constexpr std::array<std::string_view, 26> operators{
    "<=>", "<<=", ">>=", "->*", "...", "::", ".*", "->", "++", "--", "<<", "<=", ">=",
    "==",  "!=",  "&&",  "||",  "+=",  "-=", "*=", "/=", "%=", "^=", "&=", "|=", "##"};

class Reader {
public:
    explicit Reader(std::string_view source) : text_(source) {}

    std::string read() {
        while (!text_.at_end()) step();
        end_directive();
        return std::move(out_);
    }

private:
    void step() {
        if (text_.at("\\\n")) {
            text_.take(2);
        } else if (text_.peek() == '\n') {
            text_.take(1);
            end_directive();
            is_line_start_ = true;
        } else if (is_space(text_.peek())) {
            text_.take(1);
        } else if (text_.at("/*")) {
            text_.take_through("*/", 2);
        } else if (text_.at("//")) {
            skip_line();
        } else {
            read_token();
            is_line_start_ = false;
        }
    }

    // A comment goes on in the next line where this one ends with a backslash.
    void skip_line() {
        while (!text_.at_end() && text_.peek() != '\n') text_.take(text_.at("\\\n") ? 2 : 1);
    }

    void read_token() {
        const char c = text_.peek();
        if (is_line_start_ && (c == '#' || text_.at("%:"))) {
            text_.take(c == '#' ? 1 : 2);
            begin_directive();
        } else if (is_letter(c) || c == '$') {
            read_word();
        } else if (is_digit(c) || (c == '.' && is_digit(text_.peek(1)))) {
            add(take_number());
        } else if (c == '"' || c == '\'') {
            add(take_quoted());
        } else {
            read_operator();
        }
    }

    void begin_directive() {
        is_directive_ = true;
        add("#");
        while (!text_.at_end() && (text_.peek() == ' ' || text_.peek() == '\t')) text_.take(1);
        const std::string word = take_word();
        if (word.empty()) return;
        add(word);
        if (word == "include") {
            // A name in < > is no tokens: what looks like a comment in it is none.
            while (text_.peek() == ' ' || text_.peek() == '\t') text_.take(1);
            if (text_.peek() == '<') add(text_.take_through(">"));
        } else if (word == "error" || word == "warning") {
            add(text_.take_while([](char c) { return c != '\n'; }));
        } else if (word == "define") {
            while (text_.peek() == ' ' || text_.peek() == '\t' || text_.at("\\\n")) {
                text_.take(text_.at("\\\n") ? 2 : 1);
            }
            add(take_word());
            // F(x) takes an argument, F (x) does not.
            if (text_.peek() == '(') add("(directly");
        }
    }

    void end_directive() {
        if (is_directive_) add("end of directive");
        is_directive_ = false;
    }

    void read_word() {
        std::string word = take_word();
        const bool is_raw =
            word == "R" || word == "u8R" || word == "uR" || word == "UR" || word == "LR";
        const bool is_prefix = word == "u8" || word == "u" || word == "U" || word == "L";
        if (is_raw && text_.peek() == '"') {
            word += take_raw();
        } else if (is_prefix && (text_.peek() == '"' || text_.peek() == '\'')) {
            word += take_quoted();
        }
        add(word);
    }

    // A word may be cut by a backslash and a line end.
    std::string take_word() {
        std::string word;
        for (;;) {
            word +=
                text_.take_while([](char c) { return is_letter(c) || is_digit(c) || c == '$'; });
            if (!text_.at("\\\n") || !(is_letter(text_.peek(2)) || is_digit(text_.peek(2)))) {
                return word;
            }
            text_.take(2);
        }
    }

    std::string take_number() {
        std::string number;
        for (;;) {
            const char c = text_.peek();
            const char before = number.empty() ? '\0' : number.back();
            const bool is_sign = (c == '+' || c == '-') &&
                                 (before == 'e' || before == 'E' || before == 'p' || before == 'P');
            const bool is_separator =
                c == '\'' && (is_letter(text_.peek(1)) || is_digit(text_.peek(1)));
            if (text_.at("\\\n")) {
                text_.take(2);
            } else if (is_letter(c) || is_digit(c) || c == '.' || is_sign || is_separator) {
                number += text_.take(1);
            } else {
                return number;
            }
        }
    }

    // With its suffix. An apostrophe in a text that is no C++ (#error) ends with its line.
    std::string take_quoted() {
        const char quote = text_.peek();
        std::string token(text_.take(1));
        while (!text_.at_end() && text_.peek() != '\n') {
            if (text_.at("\\\n")) {
                text_.take(2);
                continue;
            }
            const bool is_end = text_.peek() == quote;
            token += text_.take(text_.peek() == '\\' ? 2 : 1);
            if (is_end) return token + take_word();
        }
        return token;
    }

    // Where backslashes and line ends are what they are.
    std::string take_raw() {
        const std::size_t open = text_.rest().find('(');
        if (open == std::string_view::npos) return std::string(text_.take(text_.rest().size()));
        const std::string end = ")" + std::string(text_.rest().substr(1, open - 1)) + '"';
        const std::string_view raw = text_.take_through(end, open);
        // A line end in it must not look like the end of a token.
        return std::to_string(raw.size()) + ':' + std::string(raw) + take_word();
    }

    void read_operator() {
        for (const std::string_view op : operators) {
            if (text_.at(op)) return add(text_.take(op.size()));
        }
        add(text_.take(1));
    }

    void add(std::string_view token) {
        out_ += token;
        out_ += '\n';
    }

    Text text_;
    std::string out_;
    bool is_line_start_ = true;
    bool is_directive_ = false;
};

}  // namespace

std::string cpp_tokens(std::string_view source) {
    const std::string text = with_plain_line_ends(source);
    return Reader(text).read();
}

}  // namespace baton
