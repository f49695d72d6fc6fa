-- A modulefile for Lmod. `scripts/install.sh --prefix /apps/hpcai-train/0.1.0`, then copy this file to <modulefiles>/hpcai-train/0.1.0.lua
-- and set `root`. Users write: module load hpcai-train
local root = "/apps/hpcai-train/0.1.0"
whatis("Name: hpcai-train")
whatis("Version: 0.1.0")
whatis("Description: trains scientific neural networks on one core, one GPU or a whole cluster")
help("hpcai-train --help; configs to start from are in " .. root .. "/share/hpcai-train/configs")
prepend_path("PATH", pathJoin(root, "bin"))
prepend_path("MANPATH", pathJoin(root, "share/man"))
