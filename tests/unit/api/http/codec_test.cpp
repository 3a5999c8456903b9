#include "api/http/codec.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstring>

namespace trueup {

namespace {

constexpr std::size_t header_max = 16U << 10U;
constexpr std::size_t body_max = 64U << 10U;

// Feeds `wire` in pieces of `piece` bytes until the message is complete or refused.
template <class Message>
Result<ReadState>
feed(MessageReader<Message>& reader, std::string_view wire, std::size_t piece = 1U << 30U)
{
    Result<ReadState> state = ReadState::more;
    while (!wire.empty() && state && *state == ReadState::more) {
        const auto space = reader.space();
        const std::size_t count = std::min({piece, wire.size(), space.size()});
        std::memcpy(space.data(), wire.data(), count);
        wire.remove_prefix(count);
        state = reader.take(count);
    }
    return state;
}

struct Outcome {
    Result<ReadState> state;
    HttpResponse response;
    bool keep_alive = false;
    std::size_t leftover = 0;
};

Outcome read_answer(std::string_view wire, std::size_t piece = 1U << 30U)
{
    ResponseReader reader(CodecLimits(header_max, body_max));
    Outcome outcome{feed(reader, wire, piece), {}, false, 0};
    if (outcome.state && *outcome.state == ReadState::complete) {
        outcome.keep_alive = reader.keep_alive();
        outcome.leftover = reader.leftover_bytes();
        outcome.response = reader.release();
    }
    return outcome;
}

void check_complete(const Outcome& outcome)
{
    REQUIRE_MESSAGE(outcome.state, (outcome.state ? "" : outcome.state.error().message));
    REQUIRE(*outcome.state == ReadState::complete);
}

void check_refused(const Outcome& outcome, Errc code)
{
    REQUIRE_FALSE(outcome.state);
    CHECK(outcome.state.error().code == code);
    CHECK_FALSE(outcome.state.error().message.empty());
}

std::string chunked(std::string_view rest)
{
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(rest);
}

std::string pack(const std::string& text, int window_bits = 15 + 16)
{
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string encoded(const std::string& encoding, const std::string& body)
{
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace

TEST_SUITE("http: reading answers")
{
    TEST_CASE("an answer arrives whole, whatever the size of the pieces")
    {
        const std::string wire = "HTTP/1.1 201 Created\r\nX-One: a\r\nX-One: b\r\n"
                                 "Content-Length: 5\r\n\r\nhello";
        for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
            CAPTURE(piece);
            const Outcome outcome = read_answer(wire, piece);
            check_complete(outcome);
            CHECK(outcome.response.status == 201);
            CHECK(outcome.response.header("x-one") == "a");
            CHECK(outcome.response.headers.size() == 3);
            CHECK(outcome.response.body == "hello");
            CHECK(outcome.keep_alive);
            CHECK(outcome.leftover == 0);
        }
    }

    TEST_CASE("chunks are joined, whatever the size of the pieces")
    {
        const std::string wire = chunked("3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n");
        for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
            CAPTURE(piece);
            const Outcome outcome = read_answer(wire, piece);
            check_complete(outcome);
            CHECK(outcome.response.body == "abc0123456789");
            CHECK(outcome.keep_alive);
        }
    }

    TEST_CASE("a chunked body of no bytes is read, whatever the size of the pieces")
    {
        for (const std::string& wire :
             {chunked("0\r\n\r\n"), chunked("0\r\nChecksum: 7\r\n\r\n")}) {
            for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
                CAPTURE(piece);
                const Outcome outcome = read_answer(wire, piece);
                check_complete(outcome);
                CHECK(outcome.response.body.empty());
                CHECK(outcome.keep_alive);
                CHECK(outcome.leftover == 0);
            }
        }
    }

    TEST_CASE("an answer that is cut at any byte is never complete")
    {
        const std::string by_length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        const std::string by_chunks = chunked("5\r\nhello\r\n0\r\n\r\n");
        for (const std::string& wire : {by_length, by_chunks}) {
            for (std::size_t k = 0; k < wire.size(); ++k) {
                CAPTURE(k);
                const Outcome outcome = read_answer(wire.substr(0, k));
                REQUIRE(outcome.state);
                CHECK(*outcome.state == ReadState::more);
            }
        }
    }

    TEST_CASE("interim answers are passed over")
    {
        const Outcome outcome = read_answer("HTTP/1.1 100 Continue\r\n\r\n"
                                            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        check_complete(outcome);
        CHECK(outcome.response.status == 200);
        CHECK(outcome.response.body == "ok");
        CHECK(outcome.response.header("link").empty());
        CHECK(outcome.leftover == 0);
    }

    TEST_CASE("interim answers without end are refused")
    {
        std::string wire;
        for (int i = 0; i < 100; ++i)
            wire += "HTTP/1.1 103 Early Hints\r\n\r\n";
        check_refused(read_answer(wire), Errc::rejected);
    }

    TEST_CASE("a body after 204 is left over, and not taken for the next answer")
    {
        const Outcome outcome =
            read_answer("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}");
        check_complete(outcome);
        CHECK(outcome.response.body.empty());
        CHECK(outcome.leftover == 2);
    }

    TEST_CASE("bytes after the answer are left over")
    {
        const Outcome outcome =
            read_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
        check_complete(outcome);
        CHECK(outcome.response.body == "ok");
        CHECK(outcome.leftover == 17);
    }

    TEST_CASE("a connection ends with HTTP/1.0 and with Connection: close")
    {
        const Outcome old = read_answer("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
        check_complete(old);
        CHECK_FALSE(old.keep_alive);
        const Outcome closing =
            read_answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        check_complete(closing);
        CHECK_FALSE(closing.keep_alive);
    }

    TEST_CASE("what breaks the protocol is refused")
    {
        const std::string ok = "HTTP/1.1 200 OK\r\n";
        const std::string cases[] = {
            ok + "\r\nno length",
            ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
            ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
            ok + "Content-Length: -1\r\n\r\n",
            ok + "Content-Length: 99999999999999999999\r\n\r\n",
            ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            ok + "Transfer-Encoding: identity\r\n\r\nabc",
            ok + "Name : value\r\nContent-Length: 0\r\n\r\n",
            ok + "Bad\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 099 Strange\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "SSH-2.0-OpenSSH_9.2\r\n",
            chunked("zz\r\nabc\r\n"),
            chunked("3\r\nabcd\r\n0\r\n\r\n"),
        };
        for (const std::string& wire : cases) {
            CAPTURE(wire);
            check_refused(read_answer(wire), Errc::rejected);
        }
    }

    TEST_CASE("what is larger than a limit is refused")
    {
        const std::string ok = "HTTP/1.1 200 OK\r\n";
        check_refused(read_answer(ok + "X: " + std::string(header_max, 'x')), Errc::too_large);
        check_refused(
            read_answer(ok + "Content-Length: " + std::to_string(body_max + 1) + "\r\n\r\n"),
            Errc::too_large);
        std::string many = chunked("");
        for (std::size_t i = 0; i <= body_max / 16; ++i)
            many += "10\r\n0123456789abcdef\r\n";
        check_refused(read_answer(many), Errc::too_large);
        // A chunk extension and a trailer have no limit of their own in the parser.
        check_refused(
            read_answer(chunked("3;" + std::string(1U << 20U, 'x') + "\r\nabc\r\n"), 4096),
            Errc::too_large);
        check_refused(
            read_answer(chunked("3\r\nabc\r\n0\r\nX: " + std::string(65U << 10U, 'x') + "\r\n\r\n"),
                        4096),
            Errc::too_large);
    }

    TEST_CASE("a trailer never counts as a header")
    {
        const Outcome outcome = read_answer(
            chunked("3\r\nabc\r\n0\r\nContent-Encoding: gzip\r\nRetry-After: 9\r\n\r\n"));
        check_complete(outcome);
        CHECK(outcome.response.body == "abc");
        CHECK(outcome.response.header("Retry-After").empty());
    }

    TEST_CASE("gzip and deflate bodies are unpacked")
    {
        std::string text;
        for (int i = 0; i < 2000; ++i)
            text += "{\"uid\":\"" + std::to_string(i * 7919) + "\"},";
        for (const char* encoding : {"gzip", "GZIP", "x-gzip"}) {
            const Outcome outcome = read_answer(encoded(encoding, pack(text)), 1000);
            check_complete(outcome);
            CHECK(outcome.response.body == text);
        }
        const Outcome deflated = read_answer(encoded("deflate", pack(text, 15)));
        check_complete(deflated);
        CHECK(deflated.response.body == text);
        const Outcome plain = read_answer(encoded("identity", "plain"));
        check_complete(plain);
        CHECK(plain.response.body == "plain");
    }

    TEST_CASE("a compressed body that is damaged, cut, followed or unknown is refused")
    {
        const std::string packed = pack("some text that is long enough to be packed");
        std::string damaged = packed;
        damaged[packed.size() - 5] ^= 1;
        check_refused(read_answer(encoded("gzip", damaged)), Errc::rejected);
        check_refused(read_answer(encoded("gzip", packed.substr(0, packed.size() - 1))),
                      Errc::rejected);
        check_refused(read_answer(encoded("gzip", packed + "x")), Errc::rejected);
        check_refused(read_answer(encoded("gzip", packed + packed)), Errc::rejected);
        check_refused(read_answer(encoded("gzip", "not packed")), Errc::rejected);
        check_refused(read_answer(encoded("br", packed)), Errc::rejected);
        check_refused(read_answer(encoded("gzip, gzip", packed)), Errc::rejected);
    }

    TEST_CASE("a compression bomb is refused")
    {
        check_refused(read_answer(encoded("gzip", pack(std::string(body_max + 1, 'x')))),
                      Errc::too_large);
        // Within the body limit, and still far more than honest text can shrink.
        ResponseReader roomy(CodecLimits(header_max, 64U << 20U));
        const auto state = feed(roomy, encoded("gzip", pack(std::string(32U << 20U, 'x'))));
        REQUIRE_FALSE(state);
        CHECK(state.error().code == Errc::too_large);
    }
}

TEST_SUITE("http: reading requests")
{
    TEST_CASE("pipelined requests come out one by one")
    {
        RequestReader reader(CodecLimits(header_max, body_max));

        const auto first = feed(reader,
                                "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
                                "GET /d HTTP/1.1\r\nHost: x\r\n\r\n");

        REQUIRE(first);
        REQUIRE(*first == ReadState::complete);
        const HttpRequest post = reader.release();
        CHECK(post.method == "POST");
        CHECK(post.target == "/a?b=c");
        CHECK(post.body == "{}");
        const auto second = reader.take(0);
        REQUIRE(second);
        REQUIRE(*second == ReadState::complete);
        CHECK(reader.release().target == "/d");
        CHECK(reader.leftover_bytes() == 0);
    }

    TEST_CASE("a request with a transfer coding that hides its length is refused")
    {
        RequestReader reader(CodecLimits(header_max, body_max));
        CHECK_FALSE(feed(reader, "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"));
    }
}

} // namespace trueup
