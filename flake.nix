{
  description = "Fluffy: a zero-trust, test-first AI coding agent for the terminal";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      eachSystem = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      # gcc, make and python3 compile better-sqlite3; python3 runs unittest projects as well.
      tools = pkgs: with pkgs; [ nodejs_20 bubblewrap git python3 gnumake gcc coreutils ];
    in
    {
      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell { packages = tools pkgs; };
      });

      # The lockfile names no download addresses, which Nix's npm builders need. So `nix run` installs once, from the lockfile and
      # its hashes, into a cache folder that is named after this source, and runs the build from there.
      packages = eachSystem (pkgs: {
        default = pkgs.writeShellApplication {
          name = "fluffy";
          runtimeInputs = tools pkgs;
          text = ''
            home="''${XDG_CACHE_HOME:-$HOME/.cache}/fluffy/${builtins.baseNameOf self.outPath}"
            if [ ! -e "$home/dist/bin.js" ]; then
              rm -rf "$home" && mkdir -p "$(dirname "$home")"
              new="$(mktemp -d "$home.XXXXXX")"
              cp -R --no-preserve=mode,ownership,timestamps ${self}/. "$new"
              node "$new/scripts/setup.mjs"
              mv "$new" "$home"
            fi
            exec node "$home/dist/bin.js" "$@"
          '';
        };
      });

      apps = eachSystem (pkgs: {
        default = {
          type = "app";
          program = "${self.packages.${pkgs.stdenv.hostPlatform.system}.default}/bin/fluffy";
        };
      });
    };
}
