# Nix: `nix run ./scripts/packaging/nix`. `npm run release` fills in version and hashes.
{
  description = "The agent engine for Emacs";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      version = "@VERSION@";
      systems = {
        x86_64-linux = { target = "linux-x64"; sha256 = "@SHA256:linux-x64@"; };
        aarch64-linux = { target = "linux-arm64"; sha256 = "@SHA256:linux-arm64@"; };
        x86_64-darwin = { target = "darwin-x64"; sha256 = "@SHA256:darwin-x64@"; };
        aarch64-darwin = { target = "darwin-arm64"; sha256 = "@SHA256:darwin-arm64@"; };
      };
      packageFor =
        system:
        { target, sha256 }:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        pkgs.stdenv.mkDerivation {
          pname = "emacs-agent-backend";
          inherit version;
          src = pkgs.fetchurl {
            url = "@URL@/v${version}/emacs-agent-backend-${version}-${target}.tar.xz";
            inherit sha256;
          };
          nativeBuildInputs = pkgs.lib.optional pkgs.stdenv.isLinux pkgs.autoPatchelfHook;
          dontStrip = true; # the program stands behind the runtime, and would go
          installPhase = ''
            mkdir -p $out
            cp -r bin share $out/
          '';
          meta = {
            description = "The agent engine for Emacs";
            homepage = "https://github.com/emacs-agent/emacs-agent-backend";
            license = pkgs.lib.licenses.mit;
            mainProgram = "emacs-agent-backend";
            platforms = builtins.attrNames systems;
          };
        };
    in
    {
      packages = builtins.mapAttrs (system: source: { default = packageFor system source; }) systems;
    };
}
