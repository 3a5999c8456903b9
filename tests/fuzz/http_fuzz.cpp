// HTTP messages as they arrive: the reader of answers, the reader of requests, and the whole client
// over a connection that says what the input says.
//
// How the bytes are cut on their way changes nothing: the same messages are read, or the same
// refusal is made.

#include "api/http/client.hpp"
#include "api/http/codec.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/scripted_stream.hpp"

#include <algorithm>
#include <cstring>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

constexpr std::size_t header_bytes_max = 2U << 10U;
constexpr std::size_t body_bytes_max = 32U << 10U;
constexpr std::size_t messages_max = 100;

// Everything that a reader made of a connection.
struct Outcome {
    Outcome() = default;

    std::string messages; // all of them, as text
    bool refused = false;
};

std::string describe(const HttpResponse& message)
{
    return std::to_string(message.status) + "\n" + message.body + "\n";
}

std::string describe(const HttpRequest& message)
{
    return message.method + " " + message.target + "\n" + message.body + "\n";
}

template <class Message>
Outcome read_all(std::string_view text, std::size_t piece_bytes)
{
    Outcome outcome;
    MessageReader<Message> reader(CodecLimits(header_bytes_max, body_bytes_max));
    for (std::size_t read = 0; read < messages_max;) {
        std::size_t count = 0;
        if (reader.leftover_bytes() == 0 || read == 0 || !text.empty()) {
            const auto space = reader.space();
            count = std::min({space.size(), text.size(), piece_bytes});
            if (count != 0)
                std::memcpy(space.data(), text.data(), count);
            text.remove_prefix(count);
        }
        if (count == 0 && reader.leftover_bytes() == 0)
            break;
        const std::size_t left_before = reader.leftover_bytes();
        const auto state = reader.take(count);
        if (!state) {
            outcome.refused = true;
            break;
        }
        if (*state == ReadState::complete) {
            Message message = reader.release();
            must(message.body.size() <= body_bytes_max, "a body is bounded");
            outcome.messages += describe(message);
            for (const Header& header : message.headers)
                outcome.messages += header.name + "=" + header.value + "\n";
            ++read;
        } else if (count == 0 && reader.leftover_bytes() == left_before) {
            break;
        }
    }
    return outcome;
}

template <class Message>
void check_reader(std::string_view text)
{
    const auto piece = 1 + take_choice(text, 13);
    const Outcome whole = read_all<Message>(text, text.size());
    const Outcome pieces = read_all<Message>(text, piece);
    // Beast finds some faults of a message only when it sees a line as a whole, so that one may be
    // refused in one way and run out of bytes in the other. What is read is the same.
    const bool both_sound = !whole.refused && !pieces.refused;
    must(!both_sound || whole.messages == pieces.messages, "how bytes are cut changes nothing");
}

// Two calls over one client; the connection breaks off where the input ends.
void check_client(std::string_view text)
{
    constexpr std::string_view secret = "correct-horse-battery";
    const auto piece = 1 + 64 * take_choice(text, 16);
    boost::asio::io_context context;
    ManualClock clock(context);
    ScriptedDialer dialer(context, clock);
    HttpLimits limits;
    limits.header_bytes_max = header_bytes_max;
    limits.body_bytes_max = body_bytes_max;
    for (int connection = 0; connection < 2; ++connection) {
        std::string_view rest = text;
        Script& script = dialer.add();
        while (!rest.empty()) {
            script.bytes(std::string(rest.substr(0, piece)));
            rest.remove_prefix(std::min(piece, rest.size()));
        }
        script.end();
    }
    Origin origin;
    origin.tls = false;
    origin.host = "api.example.com";
    origin.port = "80";
    const auto client = make_http_client(origin, dialer, clock, limits);
    for (int call = 0; call < 2; ++call) {
        HttpRequest request;
        request.method = call == 0 ? "GET" : "POST";
        request.target = "/v1/things";
        request.route = request.method + " /v1/things";
        request.repeatable = call == 0;
        request.credential_header = "ApiKey";
        request.credential = Secret(std::string(secret), "", "test");
        const auto answer = clock.run(client->send(std::move(request)));
        if (!answer) {
            must(!answer.error().message.empty(), "a failure says why");
            must(answer.error().text().find(secret) == std::string::npos,
                 "an error shows no credential");
            continue;
        }
        must(answer->status >= 200 && answer->status <= 599, "an answer has a status");
        must(answer->body.size() <= body_bytes_max, "a body is bounded");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view text = text_of(data, size);
    constexpr void (*checks[])(std::string_view) = {
        check_reader<HttpResponse>, check_reader<HttpRequest>, check_client};
    const std::size_t choice = take_choice(text, std::size(checks));
    checks[choice](text);
    return 0;
}
