#include "app/program.hpp"

#include <map>
#include <string>
#include <unistd.h>
#include <vector>

int main(int argc, char** argv) {
    std::map<std::string, std::string> environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string text(*entry);
        if (const auto equals = text.find('='); equals != std::string::npos)
            environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return syncline::relay::run_program({argv + 1, argv + argc}, environment);
}
