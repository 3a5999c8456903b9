// trueup.yaml as the command line reads it, and the file with a login.
//
// A setting is taken or refused with a message; none is passed over. A login that cannot be read
// shows nothing of itself.

#include "reconciler/cli/command_line.hpp"
#include "reconciler/cli/workspace.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/temp_dir.hpp"

#include <array>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

class Site {
public:
    std::string put(const std::string& name, std::string_view text) const
    {
        const std::filesystem::path file = directory_ / name;
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }

private:
    TempDir directory_;
};

// Takes what is printed for people, for as long as it lives.
class Silence {
public:
    Silence() : out_(std::cout.rdbuf(text_.rdbuf())), err_(std::cerr.rdbuf(text_.rdbuf())) {}
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence()
    {
        std::cout.rdbuf(out_);
        std::cerr.rdbuf(err_);
    }

    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
    std::streambuf* out_;
    std::streambuf* err_;
};

void check_config(const Site& site, std::string_view text)
{
    const std::string file = site.put("trueup.yaml", text);
    std::string said;
    std::optional<std::string> command;
    int exit_code = 0;
    {
        const Silence silence;
        CommandLine line;
        const std::array<const char*, 4> words{"trueup", "plan", "--config", file.c_str()};
        command = line.parse(static_cast<int>(words.size()), words.data(), exit_code);
        said = silence.text();
    }
    must(command.has_value() || exit_code == 1, "a mistake ends with 1");
    must(command.has_value() || !said.empty(), "a mistake is explained");
}

void check_login(const Site& site, std::string_view text)
{
    Settings settings;
    settings.endpoint = "https://api.example.com";
    settings.login_file = site.put("login.yaml", text);
    settings.ca_file = "/nonexistent/ca.pem"; // so that no connection is prepared
    Workspace workspace;
    const auto opened = open_api(workspace, settings, Access::read);
    must(!opened.has_value(), "there is no such CA file");
    must(!opened.error().message.empty(), "a refusal says why");
    must(opened.error().text().find("hunter2") == std::string::npos,
         "a refusal shows no password: " + opened.error().text());
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const Site site;
    std::string_view text = text_of(data, size);
    if (take_choice(text, 2) == 0)
        check_config(site, text);
    else
        check_login(site, text);
    return 0;
}
